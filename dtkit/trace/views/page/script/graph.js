// SPDX-License-Identifier: BSD-2-Clause
// The graph, and searching from it.

const showGraph = (on) => {
  const graph = $("graph");
  if (on && !graph.firstChild) graph.append($("drawing").content.cloneNode(true));
  graph.hidden = !on;
  $("journey").hidden = on;
  document.querySelector("nav").hidden = on;
  $("show-graph").setAttribute("aria-pressed", String(on));
  if (!on) draw();
};
const clearSearch = () => {
  for (const chip of $("groups").children) chip.setAttribute("aria-pressed", "false");
  for (const only of [onlyGroups, onlyVnets, onlyEnds]) only.clear();
  $("search").value = "";
  search();
};
const searchFor = (text) => {
  $("search").value = text;
  showGraph(false);
  document.body.classList.remove("reading");
  search();
};
const pick = (event) => {
  const node = event.target.closest(".node");
  if (node) searchFor(`label:${quoted(node.dataset.label)}`);
};
$("graph").addEventListener("click", pick);
$("graph").addEventListener("keydown", (event) => {
  if (event.key === "Enter") pick(event);
});
