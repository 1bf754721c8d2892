// SPDX-License-Identifier: BSD-2-Clause
// What became of packets, and colours: one per subsystem, the same everywhere.

const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a5cc0",
  "#8c564b", "#5f7d00", "#c03a5b"];
const colour = (group) => COLOURS[group % COLOURS.length];
const nameOf = (group) => groups[group] || "kernel";

const ENDS = tables.ends;
const endOf = (journey) => ENDS.find((end) => journey[J.outcome].startsWith(end)) || null;
const indexOf = new Map(), copiesOf = new Map();
const enter = ({ [J.journey]: number, [J.origin]: origin }, index) => {
  indexOf.set(number, index);
  if (origin === null) return;
  if (!copiesOf.has(origin)) copiesOf.set(origin, []);
  copiesOf.get(origin).push(number);
};
journeys.forEach(enter);
const endBadge = (end) => make("span", { class: `badge end ${end.split(" ")[0]}` }, end);
