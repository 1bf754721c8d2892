// SPDX-License-Identifier: BSD-2-Clause
"use strict";
// The report: everything is in the page. What a capture says becomes text nodes, never markup.

(() => {
  const $ = (id) => document.getElementById(id);
  const load = (id) => JSON.parse($(id).textContent);
  const journeys = load("data-journeys");
  const tables = load("data-tables");
  const { places, groups, layouts, names, snippets, words } = tables;
  const [NUMBER, TIME, FORM, SUMMARY, STEPS, OUTCOME, NOTES, ORIGIN] = [0, 1, 2, 3, 4, 5, 6, 7];
  // A hop is [0, depth, place, arguments, moment], and where more is known of it, behind that
  // [time, cpu, thread, process, interface, vnet], the last three in words; a snapshot [1, depth, data, parts, summary,
  // changes, where], changes being [lines, bits] or null, of which bits are quadruples
  // [first before, bits before, first after, bits after].
  const isHop = (step) => step[0] === 0;
  const [WHEN, CPU, THREAD, PROCESS, INTERFACE, VNET] = [5, 6, 7, 8, 9, 10];
  const known = (value) => value !== undefined && value !== null;
  const word = (step, which) => known(step[which]) ? words[step[which]] : null;
  const [LABEL, DIRECTION, FILE, LINE, GROUP, SOURCE, EDITOR, SNIPPET] = [0, 1, 2, 3, 4, 5, 6, 7];

  const make = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === null) continue;
      if (name === "class") node.className = value;
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  // ---- Colours: one per subsystem, the same everywhere.
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a5cc0",
    "#8c564b", "#5f7d00", "#c03a5b"];
  const colour = (group) => COLOURS[group % COLOURS.length];
  const nameOf = (group) => groups[group] || "kernel";

  // ---- What became of packets.
  const ENDS = ["dropped", "delivered", "freed", "still in the kernel"];
  const endOf = (journey) => ENDS.find((end) => journey[OUTCOME].startsWith(end)) || null;
  const indexOf = new Map(journeys.map((journey, index) => [journey[NUMBER], index]));
  const copiesOf = new Map();
  for (const { [NUMBER]: number, [ORIGIN]: origin } of journeys) {
    if (origin === null) continue;
    if (!copiesOf.has(origin)) copiesOf.set(origin, []);
    copiesOf.get(origin).push(number);
  }
  const endBadge = (end) => make("span", { class: `badge end ${end.split(" ")[0]}` }, end);

  // ---- Search.
  const haystacks = new Array(journeys.length);
  const haystack = (index) => {
    if (haystacks[index]) return haystacks[index];
    const labels = [], files = [], changes = [], passed = new Set();
    const seen = { proc: new Set(), if: new Set(), vnet: new Set(), thread: new Set() };
    const see = (where, value) => { if (known(value)) seen[where].add(value); };
    for (const step of journeys[index][STEPS]) {
      if (isHop(step)) {
        const place = places[step[2]];
        labels.push(place[LABEL] + (step[3] === null ? "" : `(${step[3]})`));
        if (place[FILE] !== null) files.push(`${place[FILE]}:${place[LINE]}`);
        passed.add(place[GROUP]);
        see("proc", word(step, PROCESS));
        see("if", word(step, INTERFACE));
        see("vnet", word(step, VNET));
        see("thread", step[THREAD]);
      } else if (step[5]) {
        changes.push(...step[5][0]);
      }
    }
    const text = (parts) => parts.join("\n").toLowerCase();
    const journey = journeys[index];
    const made = { label: text(labels), file: text(files), change: text(changes), passed,
      changed: changes.length > 0, vnets: seen.vnet, outcome: journey[OUTCOME].toLowerCase(),
      note: text(journey[NOTES]), copy: journey[ORIGIN] === null ? "" : `#${journey[ORIGIN]}` };
    for (const [name, values] of Object.entries(seen)) made[name] = text([...values]);
    made.all = [journey[SUMMARY].toLowerCase(), made.label, made.file, made.change, made.outcome,
      made.note, made.proc, made.if, made.vnet].join("\n");
    return (haystacks[index] = made);
  };
  const wants = (word) => {
    const found = /^(label|file|change|outcome|note|vnet|proc|if|thread):(.+)$/.exec(word);
    if (found) return (index) => haystack(index)[found[1]].includes(found[2]);
    if (/^#\d+$/.test(word)) return (index) => `#${journeys[index][NUMBER]}` === word;
    if (/^copy:#?\d+$/.test(word)) {
      return (index) => haystack(index).copy === word.replace(/^copy:#?/, "#");
    }
    if (word === "copy") return (index) => haystack(index).copy !== "";
    if (word === "changed") return (index) => haystack(index).changed;
    return (index) => haystack(index).all.includes(word);
  };
  // Words end at spaces, but for those in quotes: vnet:"the router".
  const wordsOf = (text) => (text.toLowerCase().match(/(?:[^\s"]|"[^"]*"?)+/g) || [])
    .map((word) => word.replaceAll('"', "")).filter(Boolean);
  const quoted = (text) => text.includes('"') ? text.split(/[\s"]/).find(Boolean) || ""
    : /\s/.test(text) ? `"${text}"` : text;
  const onlyGroups = new Set(), onlyVnets = new Set(), onlyEnds = new Set();
  let shown = journeys.map((_, index) => index);
  const search = () => {
    const all = wordsOf($("search").value).map(wants);
    for (const group of onlyGroups) all.push((index) => haystack(index).passed.has(group));
    for (const vnet of onlyVnets) all.push((index) => haystack(index).vnets.has(vnet));
    if (onlyEnds.size) all.push((index) => onlyEnds.has(endOf(journeys[index])));
    shown = [];
    for (let index = 0; index < journeys.length; index++) {
      if (all.every((matches) => matches(index))) shown.push(index);
    }
    $("count").textContent = shown.length === journeys.length
      ? plural(journeys.length, "packet") : `${shown.length} of ${plural(journeys.length, "packet")}`;
    rows.style.height = `${shown.length * ROW}px`;
    list.scrollTop = 0;
    if (!shown.includes(chosen)) choose(shown.length ? shown[0] : -1, false);
    draw();
  };

  // ---- The list: only the rows in sight exist.
  const ROW = 46;
  const list = $("list"), rows = $("rows");
  let chosen = -1, pending = false;
  const draw = () => {
    pending = false;
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 8);
    const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 8);
    const made = document.createDocumentFragment();
    for (let at = first; at < last; at++) made.append(row(at));
    if (!shown.length) made.append(make("p", { class: "none" }, "No packet matches."));
    rows.replaceChildren(made);
  };
  const row = (at) => {
    const index = shown[at], journey = journeys[index];
    const hops = journey[STEPS].filter(isHop).length, end = endOf(journey);
    const changes = journey[STEPS].filter((step) => !isHop(step) && step[5] && step[5][0].length);
    const node = make("div", { class: "row", role: "option", id: `row-${index}`,
      "aria-selected": String(index === chosen), "aria-posinset": at + 1,
      "aria-setsize": shown.length },
      make("div", { class: "top" },
        make("span", { class: "number" }, `#${journey[NUMBER]}`),
        make("span", {}, journey[TIME].replace(/^\S+ /, "")),
        make("span", {}, plural(hops, "hop")),
        journey[ORIGIN] === null ? null : make("span", {}, `copy of #${journey[ORIGIN]}`),
        changes.length ? make("span", { class: "badge" }, `${changes.length}× changed`) : null,
        make("span", { class: "space" }),
        journey[NOTES].length ? make("span", { class: "badge odd", title: journey[NOTES].join("\n") },
          "incomplete") : null,
        end ? endBadge(end) : null),
      make("div", { class: "what" }, journey[SUMMARY]));
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
    journeyView(index);
  };
  const move = (by) => {
    const at = shown.indexOf(chosen) + by;
    if (at >= 0 && at < shown.length) choose(shown[at], false);
  };

  // ---- The journey of the chosen packet.
  const LANE = 18;
  const journeyView = (index) => {
    const view = $("journey");
    view.replaceChildren();
    view.scrollTop = 0;
    if (index < 0) return;
    const journey = journeys[index];
    const back = make("button", { class: "back" }, "← packets");
    back.addEventListener("click", leave);
    const laneOf = lanesBy(journey);
    const lanes = [...new Set(journey[STEPS].filter(isHop).map(laneOf))];
    const legend = make("div", { class: "lane-names" }, ...lanes.map((lane) => {
      const name = make("span", { class: "lane-name" }, laneOf.title(lane));
      name.style.setProperty("--colour", colour(lane));
      return name;
    }));
    const steps = make("ol", { "aria-label": "Hops and snapshots" });
    let from = null, snapshot = null;
    journey[STEPS].forEach((step) => {
      const lane = isHop(step) ? laneOf(step) : from;
      steps.append(make("li", {}, laneCell(lanes, from, lane, isHop(step)),
        isHop(step) ? hopView(step) : snapshotView(step, snapshot)));
      from = lane;
      if (!isHop(step)) snapshot = step;
    });
    const about = make("div", { class: "about" }, `${journey[TIME]} UTC · ${journey[FORM]} · ` +
      plural(journey[STEPS].filter(isHop).length, "hop"));
    if (journey[ORIGIN] !== null) about.append(" · copy of ", goTo(journey[ORIGIN]));
    (copiesOf.get(journey[NUMBER]) || []).forEach((copy, nth) => {
      about.append(nth ? ", " : " · copied to ", goTo(copy));
    });
    const notes = make("ul", { class: "notes", "aria-label": "What is missing" },
      ...journey[NOTES].map((note) => make("li", {}, note)));
    view.append(back, make("h2", {}, `#${journey[NUMBER]}  ${journey[SUMMARY]}`), about,
      outcomeView(journey, "outcome"), journey[NOTES].length ? notes : "", legend, steps,
      outcomeView(journey, "outcome at-end"));
  };
  const outcomeView = (journey, kind) => {
    const outcome = journey[OUTCOME], end = endOf(journey);
    if (!outcome) return "";
    return end ? make("p", { class: kind }, endBadge(end), outcome.slice(end.length))
      : make("p", { class: kind }, outcome);
  };
  // Packet *number*, as a button that leads there if it is in the page.
  const goTo = (number) => {
    if (!indexOf.has(number)) return `#${number}`;
    const button = make("button", { class: "go" }, `#${number}`);
    button.addEventListener("click", () => {
      if (!shown.includes(indexOf.get(number))) clearSearch();
      choose(indexOf.get(number), true);
    });
    return button;
  };
  // What a timeline has lanes for: the network stacks that a packet crosses, where they are known
  // (then nothing is known of directories), else the subsystems.
  const lanesBy = (journey) => {
    const first = journey[STEPS].find((step) => isHop(step) && known(step[VNET]));
    let last = first && first[VNET];
    const lanes = new Map();
    for (const step of journey[STEPS]) {
      if (known(step[VNET]) && isHop(step)) last = step[VNET];
      lanes.set(step, first ? last : places[step[2]]?.[GROUP]);
    }
    const laneOf = (step) => lanes.get(step);
    laneOf.title = (lane) => first ? `vnet ${words[lane]}` : nameOf(lane);
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
  const expandable = (kind, depth, title, aside, more, always) => {
    const button = make("button", { "aria-expanded": "false" }, ...title);
    const node = make("div", { class: `step ${kind}` });
    // On a narrow page deep nesting must leave room for the text.
    node.style.marginLeft = `min(${depth * 16}px, ${depth * 2.2}vw)`;
    if (aside) node.append(make("div", { class: "line" }, button, aside));
    else node.append(button);
    if (always) node.append(always);
    button.addEventListener("click", () => toggle(button, more));
    button.openMore = more;
    return node;
  };
  const toggle = (button, more) => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    const step = button.closest(".step");
    if (open) step.querySelector(".more").remove();
    else step.append(make("div", { class: "more" }, ...more()));
  };
  const link = (href, ...text) => make("a", { href, target: "_blank", rel: "noreferrer" }, ...text);
  const hopView = (step) => {
    const place = places[step[2]];
    const kind = { "+": "enter", "-": "leave" }[place[DIRECTION]] || "pass";
    const label = place[LABEL] + (step[3] === null ? "" : `(${step[3]})`);
    const title = [make("span", { class: "name" }, label)];
    if (step[4]) title.push(make("span", { class: "about" }, step[4]));
    let where = null;
    if (place[FILE] !== null) {
      const text = `${place[FILE]}:${place[LINE]}`;
      const href = place[SOURCE] || place[EDITOR];
      where = make("span", { class: "where" }, href ? link(href, text) : text);
    }
    return expandable(`hop ${kind}`, step[1], title, where, () => {
      const facts = make("dl", { class: "facts" });
      const fact = (name, ...value) => facts.append(make("dt", {}, name), make("dd", {}, ...value));
      fact("function", place[LABEL]);
      fact("subsystem", nameOf(place[GROUP]));
      if (step[3] !== null) fact("arguments", step[3]);
      if (place[FILE] !== null) fact("file", `${place[FILE]}:${place[LINE]}`);
      if (place[SOURCE]) fact("source", link(place[SOURCE], place[SOURCE]));
      if (place[EDITOR]) fact("editor", link(place[EDITOR], place[EDITOR]));
      if (known(step[WHEN]) && step[WHEN] !== "-") fact("time", `${step[WHEN]} UTC`);
      if (known(step[CPU])) fact("cpu", String(step[CPU]));
      if (known(step[THREAD])) fact("thread", step[THREAD]);
      for (const [name, which] of [["process", PROCESS], ["interface", INTERFACE], ["vnet", VNET]]) {
        if (known(step[which])) fact(name, word(step, which));
      }
      const same = make("button", {}, "packets that pass here");
      same.addEventListener("click", () => searchFor(`label:${quoted(place[LABEL])}`));
      fact("", same);
      const snippet = place[SNIPPET] === null ? null : snippets[place[SNIPPET]];
      return [facts, snippet ? snippetView(snippet, place[LINE]) : null];
    });
  };
  const snippetView = ([first, lines], here) => make("pre", {}, ...lines.flatMap((text, index) => {
    const number = first + index;
    return [make("span", { class: "at" }, `${String(number).padStart(6)}  `),
      number === here ? make("span", { class: "here" }, text) : text, "\n"];
  }));

  // ---- Snapshots: fields, bytes, and what changed in them.
  const bytesOf = (step) => Uint8Array.from(atob(step[2]), (char) => char.charCodeAt(0));
  const bits = (data, at, width) => {
    let value = 0n;
    const last = Math.ceil((at + width) / 8);
    for (let index = Math.floor(at / 8); index < last; index++) {
      value = (value << 8n) | BigInt(data[index]);
    }
    return (value >> BigInt(last * 8 - at - width)) & ((1n << BigInt(width)) - 1n);
  };
  const hex = (value, digits) => value.toString(16).padStart(digits, "0");
  const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS"];
  const ipv6 = (value) => {
    const words = hex(value, 32).match(/.{4}/g).map((word) => parseInt(word, 16));
    let start = -1, length = 1;
    for (let index = 0; index < 8; index++) {
      let end = index;
      while (end < 8 && words[end] === 0) end++;
      if (end - index > length) [start, length] = [index, end - index];
    }
    const text = (some) => some.map((word) => word.toString(16)).join(":");
    if (start < 0) return text(words);
    return `${text(words.slice(0, start))}::${text(words.slice(start + length))}`;
  };
  const FORMS = {
    dec: (value) => value.toString(),
    hex: (value, width) => `0x${hex(value, Math.ceil(width / 4))}`,
    bytes: (value, width) => hex(value, width / 4),
    mac: (value) => hex(value, 12).match(/../g).join(":"),
    ipv4: (value) => hex(value, 8).match(/../g).map((byte) => parseInt(byte, 16)).join("."),
    ipv6,
    words: (value) => (value * 4n).toString(),
    "tcp flags": (value) =>
      FLAGS.filter((_, bit) => (value >> BigInt(bit)) & 1n).join(" ") || "none",
  };
  const fieldsOf = (name, size) => {
    const fields = [];
    let at = 0;
    for (const [field, width, form] of layouts[name] || []) {
      fields.push([field, at, width, form]);
      at += width;
    }
    if (at < size * 8) fields.push(["data", at, size * 8 - at, "bytes"]);
    return fields;
  };
  const short = (text) => text.length > 160 ? `${text.slice(0, 160)}… (${text.length / 2} bytes)`
    : text;
  const snapshotView = (step, before) => {
    const changes = step[5];
    const changed = changes && changes[0].length > 0;
    const size = bytesOf(step).length;
    let title = plural(size, "byte");
    if (changes) title = changed ? `${step[4] || plural(size, "byte")}` : "unchanged";
    const always = changed ? make("div", { class: "changes" },
      make("div", { class: "about" }, `changed ${step[6]}`),
      ...changes[0].map((line) => make("div", {}, line))) : null;
    return expandable(`snapshot${changed ? " changed" : ""}`, step[1],
      [make("span", {}, `${changed ? "~" : "="} ${title}`)], null,
      () => [fieldTable(step, before), hexdump(step)], always);
  };
  const fieldTable = (step, before) => {
    const data = bytesOf(step), old = before && bytesOf(before);
    const changes = step[5] ? step[5][1] : [];
    const table = make("table", {});
    let at = 0;
    for (let index = 0; index < step[3].length; index += 2) {
      const name = names[step[3][index]], size = step[3][index + 1];
      const added = changes.some(([, width, to, grown]) =>
        !width && to <= at * 8 && to + grown >= (at + size) * 8);
      table.append(make("tr", { class: added ? "new" : null },
        make("th", { colspan: 2 }, `${name}${added ? " (added)" : ""}`)));
      for (const [field, first, width, form] of fieldsOf(name, size)) {
        const start = at * 8 + first;
        const value = short(FORMS[form](bits(data, start, width), width));
        const change = changes.find(([, , to, grown]) => grown && to < start + width &&
          to + grown > start);
        const cell = make("td", {}, change && !added ? make("mark", {}, value) : value);
        if (change && !added && change[1] && change[2] === start && change[3] === width) {
          const was = short(FORMS[form](bits(old, change[0], change[1]), change[1]));
          cell.prepend(make("del", {}, was), " → ");
        }
        table.append(make("tr", { class: added ? "new" : null }, make("td", {}, field), cell));
      }
      at += size;
    }
    return table;
  };
  const hexdump = (step) => {
    const data = bytesOf(step), dump = make("pre", { class: "bytes" });
    const fresh = new Uint8Array(data.length);
    for (const [, , to, grown] of step[5] ? step[5][1] : []) {
      for (let bit = to; bit < to + grown; bit += 8 - (bit % 8)) fresh[bit >> 3] = 1;
    }
    const most = Math.min(data.length, 4096);
    for (let at = 0; at < most; at += 16) {
      dump.append(make("span", { class: "at" }, `${hex(at, 4)}  `));
      let text = "";
      for (let index = at; index < at + 16; index++) {
        if (index >= data.length) {
          dump.append("   ");
          continue;
        }
        const byte = data[index], shownAs = hex(byte, 2);
        dump.append(fresh[index] ? make("mark", {}, shownAs) : shownAs, " ");
        text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
      }
      dump.append(` ${text}\n`);
    }
    if (most < data.length) dump.append(`… ${data.length - most} more bytes\n`);
    return dump;
  };

  // ---- The graph.
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

  // ---- Theme, keys, start.
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
  $("show-graph").addEventListener("click", () => showGraph($("graph").hidden));
  $("theme").addEventListener("click", theme);
  $("show-help").addEventListener("click", () => $("help").showModal());
  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    "/": () => { showGraph(false); leave(); $("search").focus(); },
    g: () => showGraph($("graph").hidden),
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
      } else if (!$("graph").hidden) showGraph(false);
      else leave();
      event.preventDefault();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if ($("journey").contains(event.target) || !$("graph").hidden) return;
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
  const chipFor = (only, value, title, shade, said) => {
    const chip = make("button", { "aria-pressed": "false", title: said, class: shade }, title);
    chip.addEventListener("click", () => {
      const on = !only.delete(value);
      if (on) only.add(value);
      chip.setAttribute("aria-pressed", String(on));
      search();
    });
    $("groups").append(chip);
    return chip;
  };
  const ends = new Set(journeys.map(endOf)), vnets = new Set();
  for (const journey of journeys) {
    for (const step of journey[STEPS]) {
      if (isHop(step) && known(step[VNET])) vnets.add(step[VNET]);
    }
  }
  for (const end of ENDS) {
    if (ends.has(end)) chipFor(onlyEnds, end, end, `end ${end.split(" ")[0]}`, "only packets that ended so");
  }
  for (const vnet of vnets) {
    chipFor(onlyVnets, words[vnet], `vnet ${words[vnet]}`, null, "only packets that were there")
      .style.setProperty("--colour", colour(vnet));
  }
  // One subsystem is no choice.
  if (groups.length > 1 || !vnets.size) groups.forEach((_, group) => {
    chipFor(onlyGroups, group, nameOf(group), null, "only packets that pass it")
      .style.setProperty("--colour", colour(group));
  });
  search();
  document.body.dataset.ready = String(Math.round(performance.now()));
})();
