// SPDX-License-Identifier: BSD-2-Clause
// The graph, and searching from it.

const VIEWS = ["graph", "figures"];
const fill = (view) => $(view).replaceChildren(...(view === "graph"
  ? [$("drawing").content.cloneNode(true)] : figuresView()));
// Show the packets, or instead of them one of the views.
const showView = (wanted) => {
  for (const view of VIEWS) {
    $(view).hidden = view !== wanted;
    $(`show-${view}`).setAttribute("aria-pressed", String(view === wanted));
  }
  if (wanted && !$(wanted).firstChild) fill(wanted);
  $("journey").hidden = Boolean(wanted);
  document.querySelector("nav").hidden = Boolean(wanted);
  if (!wanted) draw();
};
const viewing = () => VIEWS.find((view) => !$(view).hidden) || null;
const flip = (view) => showView(viewing() === view ? null : view);
const clearSearch = () => {
  for (const chip of $("groups").querySelectorAll("button")) chip.setAttribute("aria-pressed", "false");
  for (const only of [onlyGroups, onlyVnets, onlyEnds]) only.clear();
  $("search").value = "";
  search();
};
const searchFor = (text) => {
  $("search").value = text;
  showView(null);
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
