// Elements of the page: text only, so a name in a record is never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with attributes and children; a child that is not a node is its text. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** A table that scrolls in itself. A column is a name and the cell of a row; `isNumber` aligns it right. */
export function table(caption, columns, rows) {
  if (rows.length === 0) return element("p", { class: "muted" }, "None.");
  const head = columns.map(({ name, isNumber }) => element("th", { scope: "col", class: isNumber && "number" }, name));
  const body = rows.map((row) => element("tr", {}, columns.map(({ cell, isNumber, isId }) =>
    element("td", { class: isNumber ? "number" : isId && "id" }, cell(row) ?? ""))));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, head)),
      element("tbody", {}, body)));
}

/** A state in words; the colour repeats it. `kind`: good, waits, bad or none. */
export function badge(kind, text) {
  return element("span", { class: "badge", "data-kind": kind }, text);
}

export function link(href, text) {
  return element("a", { href }, text);
}

/** The use of a quota: the meter and the same in words. */
export function quota(name, use) {
  if (!use) return null;
  const text = `${use.used} of ${use.quota}`;
  return element("div", { class: "quota" },
    element("span", {}, `${name}: ${text} used, ${use.left} left`),
    element("meter", { min: 0, max: use.quota, value: use.used, "aria-label": `${name}: ${text}` }));
}

export function time(text) {
  return text ? element("time", { datetime: text }, text.replace("T", " ").replace("Z", "")) : null;
}

/** A duration in its largest unit, as the commands print it. */
export function duration(millis) {
  if (millis === null || millis === undefined) return "";
  const secs = millis / 1000;
  if (secs < 10) return `${secs.toFixed(1)} s`;
  if (secs < 120) return `${Math.floor(secs)} s`;
  if (secs < 7200) return `${Math.floor(secs / 60)} min`;
  return secs < 172800 ? `${Math.floor(secs / 3600)} h` : `${Math.floor(secs / 86400)} days`;
}

/** The time since `then`, at the time `at`, both in RFC 3339. */
export function ago(then, at) {
  return then ? duration(Math.floor((Date.parse(at) - Date.parse(then)) / 1000) * 1000).replace(".0", "") : "";
}

export function unreadable(records) {
  if (records.length === 0) return element("p", { class: "muted" }, "Every record can be read.");
  return element("ul", { class: "unreadable" }, records.map((record) => element("li", {}, record)));
}
