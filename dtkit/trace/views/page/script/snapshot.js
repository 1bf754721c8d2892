// SPDX-License-Identifier: BSD-2-Clause
// A snapshot: fields, bytes, and what changed in them.

const bytesOf = (step) => Uint8Array.from(atob(step[S.data]), (char) => char.charCodeAt(0));
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
  const changes = step[S.changes];
  const changed = changes && changes[0].length > 0;
  const size = bytesOf(step).length;
  let title = plural(size, "byte");
  if (changes) title = changed ? `${step[S.summary] || plural(size, "byte")}` : "unchanged";
  const always = changed ? make("div", { class: "changes" },
    make("div", { class: "about" }, step[S.where]),
    ...changes[0].map((line) => make("div", {}, line))) : null;
  // Half-done work is no error: what is left to the hardware is told where bytes are.
  const left = step[S.offloads].length
    ? make("span", { class: "about" }, step[S.offloads].join(", ")) : null;
  return expandable(`snapshot${changed ? " changed" : ""}`, step[S.depth],
    [make("span", {}, `${changed ? "~" : "="} ${title}`), ...(left ? [left] : [])], [],
    () => [fieldTable(step, before), hexdump(step)], always);
};
const fieldTable = (step, before) => {
  const data = bytesOf(step), old = before && bytesOf(before);
  const changes = step[S.changes] ? step[S.changes][1] : [];
  const table = make("table", {});
  let at = 0;
  for (let index = 0; index < step[S.parts].length; index += 2) {
    const name = names[step[S.parts][index]], size = step[S.parts][index + 1];
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
  for (const [, , to, grown] of step[S.changes] ? step[S.changes][1] : []) {
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
  if (most < data.length) dump.append(`… ${plural(data.length - most, "more byte")}\n`);
  return dump;
};
