// Changes what is on the page in place, so that bars move, pictures do not flicker and the focus stays.
"use strict";

function morph(parent, fresh) {
  const old = [...parent.childNodes];
  old.slice(fresh.length).forEach((node) => node.remove());
  fresh.forEach((node, place) => {
    const before = old[place];
    const same = before?.nodeName === node.nodeName && before.id === node.id;
    if (!before) return parent.append(node);
    if (!same || node.matches?.("[role=alert]")) return before.replaceWith(node);
    if (node.nodeType !== Node.ELEMENT_NODE) return (before.data = node.data);
    for (const { name } of [...before.attributes]) {
      if (!node.hasAttribute(name)) before.removeAttribute(name);
    }
    for (const { name, value } of node.attributes) {
      if (before.getAttribute(name) !== value) before.setAttribute(name, value);
    }
    morph(before, [...node.childNodes]);
  });
}
