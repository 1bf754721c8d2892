// SPDX-License-Identifier: BSD-2-Clause
// The time axis of a journey: its hops where they were in time, and beside each how long it took.

const MOST_TICKS = 1000;
const axisView = (journey, times, laneOf) => {
  const total = journey[J.duration];
  if (!total || times.size < 2) return "";
  const axis = make("div", { class: "axis", role: "img",
    "aria-label": `${plural(times.size, "hop")} in ${scaled(total)}` });
  const place = (node, since) => {
    node.style.left = `${Math.max(0, Math.min(1, since / total)) * 100}%`;
    axis.append(node);
  };
  // So that what happened in a moment is one mark, and not a thousand on one spot.
  const taken = new Set();
  let drawn = 0;
  for (const [step, { since, wait }] of times) {
    const spot = Math.round(since / total * MOST_TICKS);
    if (taken.has(spot) || drawn >= MOST_TICKS) continue;
    taken.add(spot);
    drawn += 1;
    const tick = make("button", { class: "tick", tabindex: "-1",
      title: `${labelOf(step)}: ${scaled(since)}${wait === null ? "" : `, +${scaled(wait)}`}` });
    tick.style.background = colour(laneOf(step));
    tick.addEventListener("click", () => reveal(step));
    place(tick, since);
  }
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    place(make("span", { class: `mark at-${part * 100}` }, scaled(total * part)), total * part);
  }
  return axis;
};
const reveal = (step) => {
  const node = nodes.get(step);
  if (!node) return;
  node.scrollIntoView({ block: "center" });
  node.querySelector("button[aria-expanded]").focus();
};
const sinceView = (time) => make("div", { class: "since" }, time ? scaled(time.since) : "");
const waitView = (journey, time) => {
  if (!time || time.wait === null) return make("span", { class: "wait" });
  const slow = journey[J.slow] !== null && time.wait >= journey[J.slow];
  const bar = make("span", { class: "bar" });
  bar.style.width = `${Math.max(0, Math.min(1, time.wait / (journey[J.duration] || 1))) * 100}%`;
  return make("span", { class: `wait${slow ? " slow" : ""}`,
    title: slow ? "slow: a tenth of the packet's time, and ten times its usual step" : null },
    make("span", { class: "track" }, bar), `+${scaled(time.wait)}`);
};
