// The operators' page: chooses the view of the address, reads the documents of its panels, and draws what differs.

import { element } from "./elements.js";
import { sample, viewOf } from "./views.js";

/** The views of the shortcut keys. */
const ADDRESSES = { o: "#/", i: "#/image", h: "#/history" };
const NAME = "Image cache";

const $ = (selector, root = document) => root.querySelector(selector);
/** The view that is shown; another object after each change of the address. */
let shown = null;

// ---- Reading ----

/** Reads a document. The error says what failed and what to do. */
async function read(path) {
  let response;
  try {
    response = await fetch(path);
  } catch {
    throw new Error("The console does not respond: start it again with imagecache console.");
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new Error(text.startsWith("{") ? JSON.parse(text).message : text);
}

/** Reads `path` for its panels now, and again after its pause, as long as the view is shown. */
async function follow(view, path) {
  const panels = view.panels.filter((panel) => panel.path === path);
  clearTimeout(view.timers.get(path));
  view.timers.set(path, null);
  try {
    const found = await read(path);
    if (view !== shown) return;
    if (found.status && !path.includes("?")) sample(found);
    view.documents.set(path, found);
    view.failed.delete(path);
    panels.forEach((panel) => draw(panel, found, null));
  } catch (error) {
    if (view !== shown) return;
    view.failed.add(path);
    panels.forEach((panel) => draw(panel, view.documents.get(path), error.message));
  }
  showLive(view);
  const pause = Math.min(...panels.map(({ every }) => typeof every === "function" ? every(view.documents.get(path)) : every));
  view.timers.set(path, setTimeout(() => document.hidden ? view.late.add(path) : follow(view, path), pause * 1000));
}

function readAll(view) {
  new Set(view.panels.map(({ path }) => path)).forEach((path) => {
    // One read of a path at a time.
    if (view.timers.get(path) !== null) follow(view, path);
  });
}

function showLive(view) {
  const [state, text] = view.failed.size > 0 ? ["lost", "Some of it cannot be read"] : ["live", "Live"];
  const live = $("#live");
  live.dataset.state = state;
  if (live.textContent !== text) live.textContent = text;
}

// ---- Drawing ----

/** Draws the document in the panel if it differs from what is there. The focus and open details are kept. */
function draw(panel, found, error) {
  const parts = found === undefined ? [] : [panel.draw(found)].flat(3).filter(Boolean);
  if (error) parts.unshift(element("p", { class: "error", role: "alert" }, error));
  const body = element("div", {}, parts);
  for (const details of panel.body.querySelectorAll("details[open]")) {
    const same = body.querySelector(`details[data-keep="${details.dataset.keep}"]`);
    if (same) same.open = true;
  }
  if (body.innerHTML === panel.body.innerHTML || isSelected(panel.body)) return;
  const focused = panel.body.contains(document.activeElement) ? selectorOf(document.activeElement) : null;
  const scrolled = [...panel.body.querySelectorAll(".scroll")].map(({ scrollLeft }) => scrollLeft);
  panel.body.replaceChildren(...body.childNodes);
  panel.body.querySelectorAll(".scroll").forEach((scroll, index) => { scroll.scrollLeft = scrolled[index] ?? 0; });
  if (focused) $(focused, panel.body)?.focus();
}

/** Whether the user selects text there, for example to copy it. */
function isSelected(node) {
  const selection = getSelection();
  return !selection.isCollapsed && node.contains(selection.anchorNode);
}

function selectorOf(node) {
  const quoted = (name) => `[${name}="${CSS.escape(node.getAttribute(name))}"]`;
  const name = ["href", "aria-label"].find((name) => node.hasAttribute(name));
  return name ? `${node.localName}${quoted(name)}` : node.localName;
}

function makePanel(panel, index) {
  const id = `panel-${index}`;
  panel.body = element("div", {}, element("p", { class: "muted" }, "Reading …"));
  return element("section", { class: panel.isWide ? "panel wide" : "panel", "aria-labelledby": id },
    element("h3", { id }, panel.title), panel.body);
}

function makeForm({ fields, label, href }) {
  const inputs = fields.map(({ name, label, value, isRequired }) =>
    element("label", {}, label, element("input", { name, value, required: isRequired && "", autocomplete: "off", spellcheck: "false" })));
  const form = element("form", {}, inputs, element("button", { class: "strong" }, label));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
    const address = href(Object.fromEntries(values));
    if (address === location.hash) readAll(shown);
    else location.hash = address;
  });
  return form;
}

/** Shows the view of the address. The title gets the focus, so that a screen reader reads it. */
function show(isFirst) {
  shown?.timers.forEach(clearTimeout);
  const view = viewOf(location.hash);
  Object.assign(view, { timers: new Map(), documents: new Map(), failed: new Set(), late: new Set() });
  shown = view;
  document.title = `${view.title} – ${NAME}`;
  $("#title").textContent = view.title;
  for (const anchor of document.querySelectorAll("nav a")) {
    if (anchor.dataset.view === view.name) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  $("#form").replaceChildren(...(view.form ? [makeForm(view.form)] : []));
  $("#panels").replaceChildren(...view.panels.map(makePanel));
  if (!isFirst) $("#title").focus();
  if (view.panels.length === 0) $("#live").textContent = "Ready";
  readAll(view);
}

function redraw() {
  for (const panel of shown.panels) {
    const found = shown.documents.get(panel.path);
    if (found !== undefined) draw(panel, found, $(".error", panel.body)?.textContent ?? null);
  }
}

// ---- Keys ----

function onKey(event) {
  const isTyping = event.target.closest("input:not([type=checkbox])");
  if (!$("#keys").checked || isTyping || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const key = event.key.toLowerCase();
  if (key === "r") readAll(shown);
  else if (ADDRESSES[key]) location.hash = ADDRESSES[key];
}

$(".skip").addEventListener("click", (event) => {
  // The address after # is the view's.
  event.preventDefault();
  $("#view").focus();
});
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  const late = [...shown.late];
  shown.late.clear();
  late.forEach((path) => follow(shown, path));
});
addEventListener("hashchange", () => show(false));
addEventListener("resize", redraw);
show(true);
