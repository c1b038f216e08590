// The console's page. It reads the state once a second and changes only the elements that differ, so that nothing jumps
// and the focus is kept.

const LOOK_EVERY_MS = 1000;
const RESPONSES_KEPT = 50;
/** The size of a crop, as a part of the original, and the corners that it moves through, clockwise. */
const CROP_PART = 0.6;
const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];
/** The shortcut keys of the buttons. */
const KEYS = {
  r: "replaceOriginal", c: "moveCrop", f: "forceLocation",
  m: "changeMainLocation", t: "changeMetadata", d: "delete",
};

const $ = (selector, root = document) => root.querySelector(selector);
const chosen = { tenant: null, pack: null };
let latest = null;
/** The viewer's latest response for each location; the key "" is the URL without a location. */
let looks = new Map();
let timer = null;
let lastRequest = 0;

// ---- Rendering ----

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setData(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** Shows an image. The browser keeps the old one until the new one is loaded. */
function setImage(image, url, alt) {
  if (image.getAttribute("src") !== url) {
    if (url) image.src = url;
    else image.removeAttribute("src");
  }
  if (image.alt !== alt) image.alt = alt;
}

/** Replaces `parent`'s children by those of `items`. Known ones are kept. */
function reconcile(parent, items, keyOf, make, fill) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const key = keyOf(item);
    const child = known.get(key) ?? make(item);
    known.delete(key);
    child.dataset.key = key;
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
    fill(child, item, index);
  });
  for (const gone of known.values()) gone.remove();
}

function options(select, values, selected) {
  reconcile(select, values, (value) => value, () => document.createElement("option"), (option, value) => {
    setText(option, value);
    option.value = value;
  });
  if (selected !== null && select.value !== selected) select.value = selected;
}

function showUnreadable(element, { target, cause }) {
  setText(element, `${target} of ${chosen.tenant} cannot be read: ${cause}. Correct its item in the image-pack table.`);
}

function row(cells) {
  return () => {
    const element = document.createElement("tr");
    for (const name of cells) element.insertCell().className = name;
    return element;
  };
}

function fillRow(element, texts) {
  texts.forEach((text, index) => setText(element.cells[index], text));
}

const span = (secs) => (secs < 120 ? `${secs} s` : `${Math.floor(secs / 60)} min`);
const size = (bytes) => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`);

function show(state) {
  latest = state;
  options($("#pack"), state.packs, chosen.pack);
  setText($("#pack-name"), `${chosen.tenant}/${chosen.pack}`);
  setText($("#title"), state.title ? `“${state.title}”` : "");
  reconcile($("#images"), state.views, (view) => `${chosen.tenant}/${chosen.pack}/${view.location ?? ""}`, makeCard, fillCard);

  setText($("#verdict"), state.purges.verdict);
  reconcile($("#unreadable"), state.unreadable, ({ target }) => target, () => document.createElement("li"), showUnreadable);
  const { pending } = state.purges;
  setText($("#queue-count"), pending.length ? `${pending.length}` : "");
  reconcile($("#queue"), pending, (entry) => entry.target, row(["", "", "number", "number"]), (element, entry) => {
    const reasons = entry.reasons.join(", ") + (entry.earlyPurges ? "; final purge pending" : "");
    const secs = Math.max(0, Math.floor((Date.now() - Date.parse(entry.firstChangeAt)) / 1000));
    fillRow(element, [entry.target, reasons, `${entry.changes}`, span(secs)]);
  });

  const running = state.invalidations.filter((one) => one.status !== "Completed").length;
  setText($("#invalidations-count"), running ? `${running} in progress` : "");
  reconcile($("#invalidations"), state.invalidations, (one) => one.id, row(["", "", "", "number"]), (element, one) => {
    setData(element, "state", one.status);
    element.title = one.items.join("\n");
    fillRow(element, [one.id, shortened(one.items), one.status, span(one.createdSecsAgo)]);
  });
}

// The first items and the number of the others. The row's title has all of them.
function shortened(items, shown = 3) {
  const more = items.length > shown ? ` and ${items.length - shown} more` : "";
  return items.slice(0, shown).join(", ") + more;
}

function makeCard(view) {
  const card = $("#card").content.firstElementChild.cloneNode(true);
  const isMain = view.location === null;
  card.dataset.location = view.location ?? "";
  card.setAttribute("aria-label", isMain ? "No location" : `Location ${view.location}`);
  setText($(".name", card), view.location ?? "no location");
  $(".original", card).hidden = isMain;
  $(".buttons", card).hidden = isMain;
  $(".note", card).hidden = !isMain;
  $(".original img", card).addEventListener("load", () => describeOriginal(card));
  $(".variant img", card).addEventListener("load", () => describeVariant(card, looks.get(view.location ?? "")));
  $("input", card).addEventListener("change", (event) => upload(card, event.target));
  return card;
}

function fillCard(card, view, index) {
  const look = looks.get(view.location ?? "");
  // A location that was added after the requests.
  if (!look) return;
  const name = `${chosen.tenant}/${chosen.pack}${view.location ? ` at ${view.location}` : ""}`;
  setText($(".ordinal", card), `${index + 1}`);
  $(".mark", card).hidden = view.location === null || view.location !== latest.mainImageLocation;
  const freshness = freshnessOf(look, view.currentFingerprint);
  setData(card, "freshness", freshness);
  setText($(".badge", card), freshness);

  showVariant(card, look, `${name}, the viewer’s image`);

  card.crop = view.original?.crop ?? null;
  setImage($(".original img", card), view.original?.url, `${name}, the original`);
  describeOriginal(card);

  setText($(".x-cache", card), look.xCache || "–");
  setText($(".age", card), look.age === null ? "–" : span(Number(look.age)));
  setText($(".seen", card), look.fingerprint ?? "–");
  setText($(".current", card), view.currentFingerprint ?? "–");
}

/** Compares a viewer's image with the current fingerprint, which is null if there is no such image. */
function freshnessOf(look, current) {
  if (!look.image) return current === null ? "fresh" : "missing";
  if (look.fingerprint === null && current !== null) return "unknown";
  return look.fingerprint === current ? "fresh" : "stale";
}

/** Shows the viewer's image. Its object URL changes only with its content. */
function showVariant(card, look, alt) {
  const image = $(".variant img", card);
  const key = look.image ? `${look.fingerprint}/${look.image.size}` : "";
  if (card.shown !== key) {
    card.shown = key;
    if (image.src) URL.revokeObjectURL(image.src);
    setImage(image, look.image ? URL.createObjectURL(look.image) : null, alt);
  }
  setText($(".variant .problem", card), look.problem);
  describeVariant(card, look);
}

function describeVariant(card, look) {
  if (!look) return;
  const { naturalWidth: width, naturalHeight: height } = $(".variant img", card);
  const text = look.image ? `${width} × ${height} · ${size(look.image.size)}` : `${look.status}`;
  setText($(".variant .detail", card), text);
}

/** Shows the original's size and the frame of the crop, when the image is loaded. */
function describeOriginal(card) {
  const { naturalWidth: width, naturalHeight: height } = $(".original img", card);
  const frame = $(".crop", card);
  setText($(".original .detail", card), width ? `${width} × ${height}` : "");
  frame.hidden = !card.crop || !width;
  if (frame.hidden) return;
  const percent = (part, whole) => `${(100 * part) / whole}%`;
  frame.style.left = percent(card.crop.x, width);
  frame.style.top = percent(card.crop.y, height);
  frame.style.width = percent(card.crop.width, width);
  frame.style.height = percent(card.crop.height, height);
}

// ---- Once a second ----

function showLive(state, text) {
  setData($("#live"), "state", state);
  setText($("#live"), text);
}

async function read(path) {
  const response = await fetch(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

/** Requests an image as a viewer. */
async function request(location) {
  const query = new URLSearchParams(location === null ? chosen : { ...chosen, location });
  const response = await fetch(`/view?${query}`);
  const { status, headers } = response;
  const isImage = response.ok && headers.get("content-type")?.startsWith("image/");
  return {
    status,
    xCache: headers.get("x-cache"),
    age: headers.get("age"),
    fingerprint: headers.get("image-fingerprint"),
    image: isImage ? await response.blob() : null,
    problem: isImage ? "" : (await response.text()).slice(0, 200),
  };
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return showLive("paused", "Paused in a hidden tab");
  const mine = ++lastRequest;
  try {
    const path = `/api/state?${new URLSearchParams(chosen)}`;
    const { views } = latest ?? (await read(path));
    const responses = await Promise.all(views.map(async ({ location }) => [location ?? "", await request(location)]));
    // Read after the requests: an image that was rendered meanwhile is not stale.
    const state = await read(path);
    // Another pack was chosen, or a click has sent a newer request.
    if (mine !== lastRequest) return;
    looks = new Map(responses);
    show(state);
    showLive("live", "Live, once a second");
  } catch (error) {
    if (mine !== lastRequest) return;
    showLive("lost", `Retrying: ${error.message}`);
  }
  timer = setTimeout(look, LOOK_EVERY_MS);
}

// ---- Clicks and keys ----

function showResponse(what, { ok, message }) {
  const item = document.createElement("li");
  item.dataset.ok = ok;
  const parts = [["time", new Date().toLocaleTimeString("en-GB")], ["strong", `${what}: `], ["span", message]];
  for (const [tag, text] of parts) {
    const part = document.createElement(tag);
    part.textContent = text;
    item.append(part);
  }
  item.lastChild.className = "message";
  $("#responses").prepend(item);
  while ($("#responses").children.length > RESPONSES_KEPT) $("#responses").lastChild.remove();
}

async function post(what, path, headers, body) {
  try {
    const response = await fetch(path, { method: "POST", headers, body });
    const text = await response.text();
    showResponse(what, response.ok || text.startsWith("{") ? JSON.parse(text) : { ok: false, message: text });
  } catch (error) {
    showResponse(what, { ok: false, message: error.message });
  }
  await look();
}

/** The crop after this one: the next corner, or the first. */
function nextCrop(card) {
  const { naturalWidth, naturalHeight } = $(".original img", card);
  if (!naturalWidth) return null;
  const [width, height] = [naturalWidth, naturalHeight].map((side) => Math.round(side * CROP_PART));
  const crops = CORNERS.map(([right, down]) => ({
    x: right * (naturalWidth - width), y: down * (naturalHeight - height), width, height,
  }));
  const same = (crop) => card.crop && Object.keys(crop).every((side) => crop[side] === card.crop[side]);
  return crops[(crops.findIndex(same) + 1) % crops.length];
}

function nextMainLocation() {
  const locations = latest.views.map((view) => view.location).filter((location) => location !== null);
  return locations[(locations.indexOf(latest.mainImageLocation) + 1) % locations.length];
}

/** The request of each button, and its name in the list of responses. */
const ORDERS = {
  replaceOriginal: (card) => [{ location: card.dataset.location }, `Replace original of ${card.dataset.location}`],
  moveCrop: (card) => [{ location: card.dataset.location, crop: nextCrop(card) }, `Move crop of ${card.dataset.location}`],
  forceLocation: (card) => [{ location: card.dataset.location }, `Force location ${card.dataset.location}`],
  changeMainLocation: () => [{ location: nextMainLocation() }, `Change main location to ${nextMainLocation()}`],
  changeMetadata: () => [{ title: `Edited at ${new Date().toLocaleTimeString("en-GB")}` }, "Change metadata only"],
  delete: () => [{}, "DELETE now"],
};

async function press(button) {
  if (!latest || button.getAttribute("aria-disabled") === "true") return;
  const { action } = button.dataset;
  const [details, what] = ORDERS[action](button.closest(".card"));
  // Not `disabled`, which would remove the focus.
  button.setAttribute("aria-disabled", "true");
  const order = JSON.stringify({ ...chosen, action, ...details });
  await post(what, "/api/actions", { "Content-Type": "application/json" }, order);
  button.removeAttribute("aria-disabled");
}

async function upload(card, input) {
  const [file] = input.files;
  if (!file) return;
  const place = new URLSearchParams({ ...chosen, location: card.dataset.location });
  await post(`Upload ${file.name} to ${card.dataset.location}`, `/api/upload?${place}`, { "Content-Type": file.type }, file);
  input.value = "";
}

function onKey(event) {
  const isTyping = event.target.closest("select, input:not([type=checkbox])");
  if (!$("#keys").checked || isTyping || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const cards = [...document.querySelectorAll(".card")];
  if (/^[1-9]$/.test(event.key)) return cards[event.key - 1]?.focus();
  const action = KEYS[event.key.toLowerCase()];
  if (!action) return;
  // An image's button belongs to the focused image, or else to the first one.
  const card = document.activeElement.closest(".card") ?? cards[0];
  const button = $(`.pack [data-action=${action}]`) ?? (card && $(`.buttons:not([hidden]) [data-action=${action}]`, card));
  if (button) press(button);
}

// ---- Start ----

async function choose(tenant, pack) {
  chosen.tenant = tenant;
  chosen.pack = pack;
  latest = null;
  history.replaceState(null, "", `?${new URLSearchParams(chosen)}`);
  await look();
  // Another tenant may not have a pack of that name.
  const packs = latest?.packs ?? [pack];
  if (packs.length > 0 && !packs.includes(pack)) await choose(tenant, packs[0]);
}

async function begin() {
  const query = new URLSearchParams(location.search);
  const tenants = await read("/api/tenants");
  const tenant = tenants.includes(query.get("tenant")) ? query.get("tenant") : tenants[0];
  options($("#tenant"), tenants, tenant);
  await choose(tenant, query.get("pack") ?? "postcard");
}

$("#tenant").addEventListener("change", (event) => choose(event.target.value, chosen.pack));
$("#pack").addEventListener("change", (event) => choose(chosen.tenant, event.target.value));
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button) press(button);
});
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => chosen.tenant && look());
begin().catch((error) => showLive("lost", `${error.message}. Reload the page.`));
