// Short names for what the page's scripts do all the time.

export const $ = (id) => document.getElementById(id);

// el makes an element with properties and children, which are nodes or texts.
export const el = (name, props = {}, ...children) => {
  const node = Object.assign(document.createElement(name), props);
  node.append(...children);
  return node;
};
