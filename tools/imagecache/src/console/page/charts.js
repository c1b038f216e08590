// Charts: SVG with a sentence for screen readers, and the same numbers as a table.

import { element, svg, table } from "./elements.js";

const HEIGHT = 150;
const LEFT = 34;
const RIGHT = 4;
const BOTTOM = 20;
const TOP = 8;

/** The width of a chart in a panel that is as wide as the first one; a chart is drawn again when the page is resized. */
function widthOf() {
  const panel = document.querySelector(".panel");
  return Math.max(260, (panel?.clientWidth ?? 400) - 26);
}

/** The top of the scale: 1, 2 or 5 times a power of ten. */
function ceiling(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= most);
}

function frame(summary, most, draw) {
  const width = widthOf();
  const top = ceiling(most);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const lines = [...new Set([0, top / 2, top].filter(Number.isInteger))].flatMap((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
    svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, `${value}`),
  ]);
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": summary },
    lines, draw(width - LEFT - RIGHT, y));
}

function figure(summary, chart, name, numbers) {
  return element("figure", {}, chart, element("p", { class: "muted" }, summary),
    element("details", { "data-keep": name }, element("summary", {}, "As a table"), numbers));
}

/** A label below the axis; those at its ends stay within the chart, which ends at `right`. */
function axisLabel(label, x, right) {
  const half = label.length * 3.2;
  const [anchor, at] = x - half < LEFT ? ["start", LEFT] : x + half > right ? ["end", right] : ["middle", x];
  return svg("text", { x: at, y: HEIGHT - 5, "text-anchor": anchor }, label);
}

/** A chart of bars; `shown` are those whose label is below the axis. */
export function bars({ name, summary, columns, values, shown }) {
  const most = Math.max(...values.map(({ value }) => value), 1);
  const chart = frame(summary, most, (width, y) => {
    const step = width / values.length;
    return values.flatMap(({ label, value }, index) => [
      value > 0 && svg("rect", {
        class: "bar", x: LEFT + index * step + step * 0.1, y: y(value), width: step * 0.8, height: y(0) - y(value),
      }, svg("title", {}, `${label}: ${value}`)),
      shown(index, width) && axisLabel(label, LEFT + (index + 0.5) * step, LEFT + width),
    ]).filter(Boolean);
  });
  const listed = values.filter(({ value }) => value > 0);
  const [label, count] = columns;
  return figure(summary, chart, name, table(`${name}; what is not listed is 0`, [
    { name: label, cell: (row) => row.label },
    { name: count, cell: (row) => `${row.value}`, isNumber: true },
  ], listed));
}

/** A line through samples of a number, the newest last. */
export function line({ name, summary, samples }) {
  const most = Math.max(...samples.map(({ value }) => value), 1);
  const chart = frame(summary, most, (width, y) => {
    // One sample is a line, too.
    const drawn = samples.length > 1 ? samples : [...samples, ...samples];
    const step = width / (drawn.length - 1);
    const points = drawn.map(({ value }, index) => `${(LEFT + index * step).toFixed(1)},${y(value).toFixed(1)}`);
    return svg("polyline", { class: "line", points: points.join(" ") });
  });
  return figure(summary, chart, name, table(name, [
    { name: "Time", cell: (row) => row.label },
    { name: "Targets", cell: (row) => `${row.value}`, isNumber: true },
  ], samples));
}
