// The views. A view has a title, panels, and perhaps a form. A panel reads one document and draws it; a document that
// cannot be read is an error in its panel, and hides no other panel.

import { bars, line } from "./charts.js";
import { ago, badge, duration, element, link, quota, table, time, unreadable } from "./elements.js";

/** The pauses between two reads, in seconds. The figures are a scan of the whole ledger. */
const OFTEN = 5;
const SELDOM = 60;
const FIGURES = 300;
/** An image that is stale is looked at often. */
const whileStale = (read) => (read?.cause === "every-layer-current" ? SELDOM : OFTEN);

/** The numbers of targets that waited, since the page was opened: at most ten minutes. */
const SAMPLES_MAX = 120;
const samples = [];

export function sample({ status }) {
  if (samples.at(-1)?.at === status.at) return;
  samples.push({ at: status.at, label: status.at.slice(11, 19), value: status.waiting });
  if (samples.length > SAMPLES_MAX) samples.shift();
}

const tenantHref = (tenant) => `#/tenants/${encodeURIComponent(tenant)}`;

function imageHref(tenant, pack, location) {
  const query = location ? `?${new URLSearchParams({ location })}` : "";
  return `#/images/${encodeURIComponent(tenant)}/${encodeURIComponent(pack)}${query}`;
}

/** A target; that of a pack leads to its image. */
function target(tenant, name) {
  const pack = /^pack#(.*)$/.exec(name)?.[1];
  return pack ? link(imageHref(tenant, pack), name) : name;
}

// ---- Parts of several views ----

function now({ status }) {
  const oldest = status.oldestChangeAt ? `; the oldest change is ${ago(status.oldestChangeAt, status.at)} old` : "";
  return [
    element("p", { class: "large" }, `${status.waiting} waiting`),
    element("p", {}, `${status.earlyInFlight} early and ${status.finalInFlight} final purges are in flight${oldest}.`),
  ];
}

const KINDS = { due: "waits", settling: "waits", "in-flight": "waits", deleting: "waits", purged: "good" };

function queue({ queue, status }) {
  return table("Targets that wait, the oldest change first", [
    { name: "Tenant", cell: (row) => link(tenantHref(row.tenant), row.tenant) },
    { name: "Target", cell: (row) => target(row.tenant, row.target), isId: true },
    { name: "State", cell: (row) => badge(KINDS[row.state] ?? "bad", row.state) },
    { name: "Waits for", cell: (row) => row.waitsFor ?? "the next round of a purge run" },
    { name: "Until", cell: (row) => time(row.waitsUntil) },
    { name: "Age", cell: (row) => ago(row.changedAt, status.at), isNumber: true },
    { name: "Changes", cell: (row) => `${row.changes}`, isNumber: true },
    { name: "Early purges", cell: (row) => `${row.earlyPurges}`, isNumber: true },
    { name: "Reasons", cell: (row) => row.reasons.join(", ") },
    { name: "Requested by", cell: (row) => row.requestedBy.join(", ") },
  ], queue);
}

function purges({ purges, unreadable: records }) {
  return [
    table("Purges, the newest first", [
      { name: "Started", cell: (row) => time(row.startedAt) },
      { name: "Target", cell: (row) => target(row.tenant, row.target), isId: true },
      { name: "Purge", cell: (row) => (row.isFinal ? "final" : "early") },
      { name: "Status", cell: (row) => badge({ Completed: "good", InProgress: "waits" }[row.invalidationStatus] ?? "bad", row.invalidationStatus) },
      { name: "Took", cell: (row) => duration(row.writeToFreshMillis), isNumber: true },
      { name: "Reasons", cell: (row) => row.reasons.join(", ") },
      { name: "Requested by", cell: (row) => row.requestedBy.join(", ") },
      { name: "Changes", cell: (row) => `${row.changes}`, isNumber: true },
      { name: "Variants deleted", cell: (row) => `${row.variantsDeleted}`, isNumber: true },
      { name: "Invalidation", cell: (row) => row.invalidationId, isId: true },
    ], purges),
    records.length > 0 ? unreadable(records) : null,
  ];
}

function quotasOf(tenant) {
  return [
    quota("Items in progress", tenant.itemsInProgress),
    quota("Wildcards in progress", tenant.wildcardsInProgress),
  ];
}

// ---- Overview ----

function tenants({ status }) {
  const use = (quota) => (quota ? `${quota.used} of ${quota.quota}` : "");
  return table("Tenants, by name", [
    { name: "Tenant", cell: (row) => link(tenantHref(row.tenant), row.tenant) },
    { name: "Waiting", cell: (row) => `${row.waiting}`, isNumber: true },
    { name: "Oldest", cell: (row) => ago(row.oldestChangeAt, status.at), isNumber: true },
    { name: "Early", cell: (row) => `${row.earlyInFlight}`, isNumber: true },
    { name: "Final", cell: (row) => `${row.finalInFlight}`, isNumber: true },
    { name: "Items", cell: (row) => use(row.itemsInProgress), isNumber: true },
    { name: "Wildcards", cell: (row) => use(row.wildcardsInProgress), isNumber: true },
    { name: "Distribution", cell: (row) => row.distribution ?? badge("bad", "not registered"), isId: true },
  ], status.tenants);
}

function live() {
  const last = samples.at(-1);
  if (!last) return null;
  const summary = `Targets that wait since ${samples[0].label}: ${last.value} at ${last.label}.`;
  return line({ name: "Waiting since the page was opened", summary, samples });
}

function waited({ figures: { beginsAt, partSecs, waited } }) {
  const values = waited.map((value, index) => {
    const at = new Date(Date.parse(beginsAt) + index * partSecs * 1000);
    return { label: at.toISOString().slice(11, 16), value };
  });
  const most = values.reduce((one, other) => (other.value > one.value ? other : one));
  const summary = most.value === 0
    ? "No target waited in the last 24 hours."
    : `The most targets that waited at the same time: ${most.value}, in the quarter of an hour from ${most.label} on.`;
  const shown = (index, width) => index % (width < 420 ? 24 : 12) === 0;
  return bars({ name: "Queue in the last 24 hours", summary, columns: ["From", "Targets"], values, shown });
}

function writeToFresh({ figures: { writeToFresh: { bars: found, medianMillis, p95Millis } } }) {
  const span = (secs) => (secs < 60 ? `${secs} s` : `${secs / 60} min`);
  const values = found.map(({ limitSecs, changes }, index) => ({
    label: limitSecs === null ? `> ${span(found[index - 1].limitSecs)}` : `≤ ${span(limitSecs)}`,
    value: changes,
  }));
  const count = values.reduce((sum, { value }) => sum + value, 0);
  const summary = count === 0
    ? "No change was purged in the last 24 hours."
    : `${count} changes were purged: half of them within ${duration(medianMillis)}, 95 of 100 within ${duration(p95Millis)}.`;
  const shown = (index, width) => width > 340 || index % 2 === 1;
  return bars({ name: "Write to fresh in the last 24 hours", summary, columns: ["Time", "Changes"], values, shown });
}

function quotas({ status }) {
  const account = [
    quota("Items a second, account", status.itemsPerSecond),
    quota("Wildcards a second, account", status.wildcardsPerSecond),
  ];
  const busiest = status.tenants.filter((row) => row.itemsInProgress?.used || row.wildcardsInProgress?.used);
  const share = ({ itemsInProgress: items, wildcardsInProgress: wildcards }) =>
    Math.max(...[items, wildcards].map((use) => (use ? use.used / use.quota : 0)));
  busiest.sort((one, other) => share(other) - share(one));
  return [
    ...account,
    ...busiest.slice(0, 5).flatMap((row) => [
      quota(`Items in progress, ${row.tenant}`, row.itemsInProgress),
      quota(`Wildcards in progress, ${row.tenant}`, row.wildcardsInProgress),
    ]),
    busiest.length === 0 ? element("p", { class: "muted" }, "No distribution has items in progress.") : null,
  ];
}

function cost({ cost }) {
  return [
    element("p", { class: "large" }, `US$ ${cost.priceUsd}`),
    quota(`Free items of the account, ${cost.month}`, {
      used: Math.min(cost.items, cost.freeItems), left: Math.max(cost.freeItems - cost.items, 0), quota: cost.freeItems,
    }),
    element("p", {}, `${cost.items} items until now. At this rate: ${cost.projectedItems} items, US$ ${cost.projectedPriceUsd}, until the end of the month.`),
    table("Items by tenant and reason", [
      { name: "Tenant", cell: (row) => link(tenantHref(row.tenant), row.tenant) },
      { name: "Reasons", cell: (row) => row.reasons.join(", ") },
      { name: "Items", cell: (row) => `${row.items}`, isNumber: true },
      { name: "Share", cell: (row) => `${row.percent} %`, isNumber: true },
    ], cost.shares),
  ];
}

const ALARMS = { ALARM: ["bad", "raised"], OK: ["good", "quiet"], INSUFFICIENT_DATA: ["none", "no data"] };

function alarmTable(caption, alarms) {
  return table(caption, [
    { name: "State", cell: ({ state }) => badge(...(ALARMS[state] ?? ["none", state])) },
    { name: "Alarm", cell: (row) => row.name },
    { name: "Since", cell: (row) => time(row.since) },
    { name: "Description", cell: (row) => row.description },
    { name: "Reason", cell: (row) => row.reason },
  ], alarms);
}

function alarms(alarms) {
  const raised = alarms.filter(({ state }) => state === "ALARM");
  return [
    element("p", {}, `Raised: ${raised.length} of ${alarms.length}. docs/runbook.md has a section for each.`),
    raised.length > 0 ? alarmTable("Raised alarms", raised) : null,
    element("details", { "data-keep": "alarms" }, element("summary", {}, "All alarms"), alarmTable("All alarms", alarms)),
  ];
}

function deadLetters({ count }) {
  return count === 0
    ? element("p", {}, badge("good", "none"))
    : element("p", {}, badge("bad", `${count}`), " changes or purges were not processed: ", element("code", {}, "imagecache dead-letters list"));
}

function overview() {
  return {
    title: "Overview",
    panels: [
      { title: "Now", path: "/api/purges", every: OFTEN, draw: (read) => [now(read), live()] },
      { title: "Queue, last 24 hours", path: "/api/figures", every: FIGURES, draw: waited },
      { title: "Write to fresh, last 24 hours", path: "/api/figures", every: FIGURES, draw: writeToFresh },
      { title: "Quotas of CloudFront", path: "/api/purges", every: OFTEN, draw: quotas },
      { title: "Price this month", path: "/api/figures", every: FIGURES, draw: cost },
      { title: "Alarms", path: "/api/alarms", every: SELDOM, draw: alarms },
      { title: "Dead letters", path: "/api/dead-letters", every: SELDOM, draw: deadLetters },
      { title: "Queue and registry: records that cannot be read", path: "/api/purges", every: OFTEN, draw: (read) => unreadable(read.unreadable) },
      { title: "Ledger: records that cannot be read", path: "/api/figures", every: FIGURES, draw: (read) => unreadable(read.unreadable) },
      { title: "Tenants", path: "/api/purges", every: OFTEN, draw: tenants, isWide: true },
      { title: "Queue", path: "/api/purges", every: OFTEN, draw: queue, isWide: true },
    ],
  };
}

// ---- Tenant, image, history ----

function tenant(name) {
  const path = `/api/purges?${new URLSearchParams({ tenant: name })}`;
  const only = ({ status }) => status.tenants.find((row) => row.tenant === name);
  const registered = (read) => {
    const row = only(read);
    return [
      now(read),
      row?.distribution
        ? element("p", {}, "Distribution ", element("code", {}, row.distribution))
        : element("p", {}, badge("bad", "not registered"), " Purges wait until the tenant's stack is deployed."),
      ...(row ? quotasOf(row) : []),
    ];
  };
  return {
    title: `Tenant ${name}`,
    panels: [
      { title: "Now", path, every: OFTEN, draw: registered },
      { title: "Records that cannot be read", path, every: OFTEN, draw: (read) => unreadable(read.unreadable) },
      { title: "Queue", path, every: OFTEN, draw: queue, isWide: true },
      {
        title: "Last purges", path: `/api/history?${new URLSearchParams({ tenant: name, limit: 10 })}`, every: SELDOM, isWide: true,
        draw: (read) => [purges(read), element("p", {}, link(`#/history?${new URLSearchParams({ tenant: name })}`, "More of the history"))],
      },
    ],
  };
}

function verdict({ cause, verdict, next, url }) {
  const isFresh = cause === "every-layer-current";
  return [
    element("p", {}, badge(isFresh ? "good" : "waits", isFresh ? "fresh" : cause.replaceAll("-", " "))),
    element("p", { class: "verdict", role: "status" }, `${verdict}.`),
    element("p", {}, `Next: ${next}.`),
    element("p", {}, element("code", {}, url)),
  ];
}

function layers({ layers }) {
  const state = ({ name, fingerprint, isCurrent }) => {
    if (fingerprint === null) return badge("none", "no image");
    // An old variant in the bucket is never served.
    return isCurrent ? badge("good", "current") : badge(name === "variants bucket" ? "none" : "waits", "old");
  };
  return table("Layers, from the table to the viewer", [
    { name: "Layer", cell: (row) => row.name },
    { name: "State", cell: state },
    { name: "Fingerprint", cell: (row) => row.fingerprint, isId: true },
    { name: "Since", cell: (row) => time(row.since) },
    { name: "Note", cell: (row) => row.note },
  ], layers);
}

function image(tenant, pack, location) {
  const fields = [
    { name: "tenant", label: "Tenant", value: tenant, isRequired: true },
    { name: "pack", label: "Image pack", value: pack, isRequired: true },
    { name: "location", label: "Location, or empty", value: location },
  ];
  const form = { fields, label: "Look at the image", href: ({ tenant, pack, location }) => imageHref(tenant, pack, location) };
  if (!tenant || !pack) return { title: "Image", form, panels: [] };
  const query = new URLSearchParams(location ? { tenant, pack, location } : { tenant, pack });
  const path = `/api/why?${query}`;
  return {
    title: `Image ${tenant}/${pack}${location ? ` at ${location}` : ""}`,
    form,
    panels: [
      { title: "Why viewers see what they see", path, every: whileStale, draw: verdict },
      { title: "Purges", path, every: whileStale, draw: ({ purges }) => element("ul", {}, purges.map((text) => element("li", {}, text))) },
      { title: "Layers", path, every: whileStale, draw: layers, isWide: true },
    ],
  };
}

function history(filter) {
  const of = (name) => filter.get(name) ?? "";
  const fields = [
    { name: "tenant", label: "Tenant", value: of("tenant"), isRequired: true },
    { name: "pack", label: "Image pack, or empty", value: of("pack") },
    { name: "since", label: "Since, for example 2h or 7d", value: of("since") },
  ];
  const given = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""));
  const form = { fields, label: "List the purges", href: (values) => `#/history?${given(values)}` };
  const query = given({ tenant: of("tenant"), pack: of("pack"), since: of("since"), limit: of("limit") || 100 });
  const panel = { title: "Purges", path: `/api/history?${query}`, every: SELDOM, draw: purges, isWide: true };
  return { title: "History", form, panels: of("tenant") ? [panel] : [] };
}

/** The view of an address: the part of the URL after `#`. */
export function viewOf(hash) {
  const [path, query] = hash.replace(/^#/, "").split("?");
  const parameters = new URLSearchParams(query);
  const [name, ...parts] = path.split("/").filter(Boolean).map(decodeURIComponent);
  switch (name) {
    case undefined: return { name: "overview", ...overview() };
    case "tenants": return { name: "tenant", ...tenant(parts[0] ?? "") };
    case "image": return { name: "image", ...image("", "", "") };
    case "images": return { name: "image", ...image(parts[0], parts[1], parameters.get("location") ?? "") };
    case "history": return { name: "history", ...history(parameters) };
    default: return { name: "", title: "There is no such view", panels: [] };
  }
}
