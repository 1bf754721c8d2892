// SPDX-License-Identifier: BSD-2-Clause
// The list: only the rows in sight exist.

const ROW = 46;
const list = $("list"), rows = $("rows");
let chosen = -1, pending = false;
const draw = () => {
  pending = false;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 8);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 8);
  const made = document.createDocumentFragment();
  for (let at = first; at < last; at++) made.append(row(at));
  if (!shown.length) made.append(make("p", { class: "none" }, "No packet matches.",
    make("br"), "Filters of pcap-filter(7), such as tcp port 22, are for the command line: ",
    make("code", {}, "dtkit trace report --filter 'tcp port 22'")));
  rows.replaceChildren(made);
};
const row = (at) => {
  const index = shown[at], journey = journeys[index];
  const hops = journey[J.steps].filter(isHop).length, end = endOf(journey);
  const changes = journey[J.steps].filter((step) => !isHop(step) && step[S.changes] && step[S.changes][0].length);
  const node = make("div", { class: "row", role: "option", id: `row-${index}`,
    "aria-selected": String(index === chosen), "aria-posinset": at + 1,
    "aria-setsize": shown.length },
    make("div", { class: "top" },
      make("span", { class: "number" }, `#${journey[J.journey]}`),
      make("span", { class: "some" },
        make("span", {}, clock(startOf(journey)).replace(/^\S+ /, "").slice(0, 15)),
        known(journey[J.duration]) ? make("span", { class: "took" }, scaled(journey[J.duration])) : null,
        make("span", {}, plural(hops, "hop")),
        journey[J.origin] === null ? null : make("span", {}, `copy of #${journey[J.origin]}`),
        changes.length ? make("span", { class: "badge" }, `${changes.length}× changed`) : null),
      journey[J.notes].length ? make("span", { class: "badge odd", title: journey[J.notes].join("\n") },
        "incomplete") : null,
      end ? endBadge(end) : null),
    make("div", { class: "what" }, journey[J.headline]));
  node.style.top = `${at * ROW}px`;
  node.addEventListener("click", () => choose(index, true));
  return node;
};
list.addEventListener("scroll", () => {
  if (!pending) {
    pending = true;
    requestAnimationFrame(draw);
  }
}, { passive: true });
new ResizeObserver(() => draw()).observe(list);

const choose = (index, open) => {
  chosen = index;
  const at = shown.indexOf(index);
  if (at >= 0) {
    const top = at * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + ROW > list.scrollTop + list.clientHeight) {
      list.scrollTop = top + ROW - list.clientHeight;
    }
    list.setAttribute("aria-activedescendant", `row-${index}`);
  }
  draw();
  // First, as what is not displayed cannot be scrolled to its top.
  if (open) document.body.classList.add("reading");
  name(index);
  journeyView(index);
};
// The address names the packet: report.html#4 leads to it.
const name = (index) => {
  const wanted = index < 0 ? "" : `#${journeys[index][J.journey]}`;
  if (wanted !== location.hash) history.replaceState(null, "", wanted || "#");
};
const follows = () => {
  const index = indexOf.get(Number(location.hash.slice(1)));
  if (index === undefined || index === chosen) return;
  if (!shown.includes(index)) clearSearch();
  choose(index, true);
};
window.addEventListener("hashchange", follows);
const move = (by) => {
  const at = shown.indexOf(chosen) + by;
  if (at >= 0 && at < shown.length) choose(shown[at], false);
};
