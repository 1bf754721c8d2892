// SPDX-License-Identifier: BSD-2-Clause
// Making elements; what a capture says becomes text nodes, never markup.

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
