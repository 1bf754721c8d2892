// SPDX-License-Identifier: BSD-2-Clause
// Theme, keys, start.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => (root.dataset.theme = dark.matches ? "dark" : "light");
dark.addEventListener("change", follow);
follow();
const theme = () => (root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark");
const leave = () => {
  document.body.classList.remove("reading");
  list.focus();
  draw();
};
const openAll = () => {
  const buttons = [...$("journey").querySelectorAll(".step button[aria-expanded]")];
  const closed = buttons.filter((button) => button.getAttribute("aria-expanded") === "false");
  for (const button of closed.length ? closed : buttons) toggle(button, button.openMore);
};
$("search").addEventListener("input", search);
for (const view of VIEWS) $(`show-${view}`).addEventListener("click", () => flip(view));
$("theme").addEventListener("click", theme);
$("show-help").addEventListener("click", () => $("help").showModal());
const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => { showView(null); leave(); $("search").focus(); },
  g: () => flip("graph"),
  f: () => flip("figures"),
  t: theme,
  e: openAll,
  "?": () => $("help").showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const typing = event.target === $("search");
  if (event.key === "Escape") {
    if (typing && $("search").value) {
      $("search").value = "";
      search();
    } else if (viewing()) showView(null);
    else leave();
    event.preventDefault();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if ($("journey").contains(event.target) || viewing()) return;
    move(event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === "Enter" && (typing || event.target === list)) {
    document.body.classList.add("reading");
    $("journey").focus();
    event.preventDefault();
  } else if (!typing && KEYS[event.key]) {
    KEYS[event.key]();
    event.preventDefault();
  }
});
// Chips by which only some packets are shown: of what they met, each once.
const chips = new Map();
const chipFor = (only, value, title, said, shade, colourOf) => {
  if (chips.get(only)?.has(value)) return;
  if (!chips.has(only)) {
    chips.set(only, new Map());
    $("groups").append(make("span", { class: "chips" }));
  }
  const chip = make("button", { "aria-pressed": "false", title: said, class: shade }, title);
  chip.addEventListener("click", () => {
    const on = !only.delete(value);
    if (on) only.add(value);
    chip.setAttribute("aria-pressed", String(on));
    search();
  });
  chips.get(only).set(value, chip);
  $("groups").children[[...chips.keys()].indexOf(only)].append(chip);
  if (!shade) chip.style.setProperty("--colour", colour(colourOf));
};
const met = { ends: new Set(), vnets: new Set() };
const meet = (from) => {
  for (let index = from; index < journeys.length; index++) {
    met.ends.add(endOf(journeys[index]));
    for (const step of journeys[index][J.steps]) {
      if (isHop(step) && known(step[H.vnet])) met.vnets.add(step[H.vnet]);
    }
  }
  for (const end of ENDS) {
    if (met.ends.has(end)) chipFor(onlyEnds, end, end, "only packets that ended so", `end ${end.split(" ")[0]}`);
  }
  for (const vnet of met.vnets) {
    chipFor(onlyVnets, words[vnet], `vnet ${words[vnet]}`, "only packets that were there", null, vnet);
  }
  // One subsystem is no choice.
  if (groups.length > 1 || !met.vnets.size) groups.forEach((_, group) => {
    chipFor(onlyGroups, group, nameOf(group), "only packets that pass it", null, group);
  });
};
meet(0);
const wantedNumber = Number(location.hash.slice(1)), wanted = indexOf.get(wantedNumber);
search();
if (wanted !== undefined) choose(wanted, true);
document.body.dataset.ready = String(Math.round(performance.now()));
