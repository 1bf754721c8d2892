// SPDX-License-Identifier: BSD-2-Clause
// The figures of all packets: what became of them, and where their time went.

const MOST_ROWS = 15;
const percent = (value, whole) => `${whole ? value / whole * 100 : 0}%`;
const barCell = (value, whole, shade) => {
  const bar = make("div", { class: `bar ${shade || ""}` });
  bar.style.width = percent(value, whole);
  return make("td", { class: "bars" }, value ? bar : "");
};
const asked = (text, query) => {
  const button = make("button", { class: "go" }, text);
  button.addEventListener("click", () => searchFor(query));
  return button;
};
const tableOf = (title, head, lines, aside) => !lines.length ? "" : make("section", {},
  make("h2", {}, title), make("div", { class: "wide" }, make("table", { class: "figures" },
    make("tr", {}, ...head.map((text) => make("th", {}, text))), ...lines)), aside || "");
const more = (count) => count > MOST_ROWS
  ? make("p", { class: "about" }, `and ${count - MOST_ROWS} more: dtkit trace stats has all`) : "";
const cells = (...values) => values.map((value) => make("td", {}, value));

const outcomesView = () => {
  const found = tables.figures.filter((row) => row.type === "outcome");
  if (!found.some((row) => row.end)) return "";
  return tableOf("What became of packets", ["packets", "", "how it ended", "why"],
    found.slice(0, MOST_ROWS).map((row) => make("tr", {}, ...cells(String(row.count)),
      barCell(row.count, journeys.length, row.end.split(" ")[0]),
      make("td", {}, row.end ? endBadge(row.end) : "unknown"),
      make("td", {}, row.reason
        ? asked(row.reason, `outcome:${row.end} ${quoted(row.reason)}`) : ""))),
    more(found.length));
};
const droppersView = () => {
  const found = tables.figures.filter((row) => row.type === "dropper");
  const most = Math.max(...found.map((row) => row.count));
  return tableOf("Dropped by", ["packets", "", "function"], found.slice(0, MOST_ROWS).map((row) =>
    make("tr", {}, ...cells(String(row.count)), barCell(row.count, most, "dropped"),
      make("td", {}, asked(row.function, `outcome:dropped ${wordFor("label", row.function)}`)))),
    more(found.length));
};
const wordFor = (kind, text) => `${kind}:${quoted(text)}`;
// How long packets took: bins twice as wide as the one before.
const histogramView = () => {
  const bins = new Map();
  let count = 0;
  for (const journey of journeys) {
    const took = journey[J.duration];
    if (!known(took)) continue;
    const bin = Math.floor(Math.log2(Math.max(took, 1)));
    bins.set(bin, (bins.get(bin) || 0) + 1);
    count += 1;
  }
  if (!count) return "";
  const keys = [...bins.keys()], most = Math.max(...bins.values()), lines = [];
  for (let bin = Math.min(...keys); bin <= Math.max(...keys); bin++) {
    const from = 2 ** bin, to = 2 ** (bin + 1);
    const query = `latency:${from}ns latency:<${to}ns`;
    lines.push(make("tr", {}, make("td", {}, asked(`${scaled(from)} to ${scaled(to)}`, query)),
      ...cells(String(bins.get(bin) || 0)), barCell(bins.get(bin) || 0, most)));
  }
  return tableOf("How long packets took", ["from first hop to last", "packets", ""], lines);
};
const SPREAD = ["min", "median", "p90", "p99", "max", "total"];
const spreadView = (kind, title, aside) => {
  const found = tables.figures.filter((row) => row.type === kind);
  const whole = Math.max(...found.map((row) => row.total));
  return tableOf(title, ["count", ...SPREAD, "", ""], found.slice(0, MOST_ROWS).map((row) =>
    make("tr", {}, ...cells(String(row.count), ...SPREAD.map((name) => scaled(row[name]))),
      barCell(row.total, whole), make("td", {}, aside ? aside(row) : row.name))),
    more(found.length));
};
const slowestView = () => {
  const timed = journeys.filter((journey) => known(journey[J.duration]))
    .sort((one, other) => other[J.duration] - one[J.duration]).slice(0, MOST_ROWS);
  return tableOf("The slowest packets", ["", "time", "hops", "packet"], timed.map((journey) =>
    make("tr", {}, make("td", {}, goTo(journey[J.journey])), ...cells(scaled(journey[J.duration]),
      String(journey[J.steps].filter(isHop).length), journey[J.headline]))));
};
const bare = (name) => name.replace(/^-/, "");
const figuresView = () => {
  const parts = [outcomesView(), droppersView(), histogramView(), slowestView(),
    spreadView("stage", "Time in each stage of the stack"),
    spreadView("way", "Time by direction and interface"),
    spreadView("place", "Time at each place, until the next hop",
      (row) => asked(row.name, wordFor("label", bare(row.name)))),
    spreadView("pair", "Time from one place to the next",
      (row) => asked(row.name, row.name.split(" > ").map((name) => wordFor("label", bare(name)))
        .join(" "))),
    ...tables.missing.map((text) => make("p", { class: "about" }, text))].filter(Boolean);
  return parts.length ? parts : [make("p", { class: "about" }, "No packets.")];
};
