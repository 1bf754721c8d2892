// SPDX-License-Identifier: BSD-2-Clause
// The lanes of its timeline.

// What a timeline has lanes for: the hosts that a packet crosses, else the network stacks, where they
// are known (then nothing is known of directories), else the subsystems.
const lanesBy = (journey) => {
  const having = (at) => journey[J.steps].find((step) => isHop(step) && known(step[at]));
  const at = having(H.host) ? H.host : H.vnet;
  const first = having(at);
  let last = first && first[at];
  const lanes = new Map();
  for (const step of journey[J.steps]) {
    if (isHop(step) && known(step[at])) last = step[at];
    lanes.set(step, first ? last : places[step[H.place]]?.[P.group]);
  }
  const laneOf = (step) => lanes.get(step);
  const kind = at === H.host ? "host" : "vnet";
  laneOf.title = (lane) => first ? `${kind} ${words[lane]}` : nameOf(lane);
  return laneOf;
};
const SVG = "http://www.w3.org/2000/svg";
const laneCell = (lanes, from, group, dot) => {
  const width = Math.max(1, lanes.length) * LANE + 6;
  const cell = make("div", { class: "lanes" });
  cell.style.width = `${width}px`;
  const x = (one) => lanes.indexOf(one) * LANE + LANE / 2 + 2;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", width);
  svg.setAttribute("height", 30);
  svg.setAttribute("aria-hidden", "true");
  const add = (tag, attributes) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    svg.append(node);
  };
  if (group !== null) {
    const stroke = colour(group), here = x(group);
    if (from !== null) {
      add("path", { d: `M${x(from)} 0 C${x(from)} 10 ${here} 4 ${here} 15`, fill: "none", stroke,
        "stroke-width": 2 });
    }
    add("path", { d: `M${here} 15 V30`, stroke, "stroke-width": 2 });
    if (dot) add("circle", { cx: here, cy: 15, r: 4.5, fill: stroke });
    else add("rect", { x: here - 4, y: 11, width: 8, height: 8, fill: "var(--page)", stroke,
      "stroke-width": 2 });
    const on = make("div", { class: "on" });
    on.style.left = `${here - 1}px`;
    on.style.background = stroke;
    cell.append(on);
  }
  cell.prepend(svg);
  return cell;
};
