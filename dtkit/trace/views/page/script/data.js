// SPDX-License-Identifier: BSD-2-Clause
// What the page has: rows, read by the names of their columns.

const $ = (id) => document.getElementById(id);
const load = (id) => JSON.parse($(id).textContent);
const journeys = load("data-journeys");
const tables = load("data-tables");
const { places, groups, layouts, names, snippets, words } = tables;
// Which column stands where in a row: journey[J.outcome], step[H.cpu], places[step[H.place]][P.file].
const indexed = (columns) => Object.fromEntries(columns.map((name, index) => [name, index]));
const [J, H, S, P] = ["journey", "hop", "snapshot", "place"]
  .map((kind) => indexed(tables.columns[kind]));
const isHop = (step) => step[H.kind] === 0;
const known = (value) => value !== undefined && value !== null;
// Strings of hops are kept once for all of them.
const word = (step, which) => known(step[which]) ? words[step[which]] : null;
const labelOf = (step) => {
  const name = places[step[H.place]][P.name], given = word(step, H.arguments);
  return given === null ? name : `${name}(${given})`;
};
