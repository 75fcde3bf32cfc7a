// A state is objects without a prototype: the names of pages are chosen by strangers, who may think
// of __proto__.
export const replace = (all) => merge(Object.create(null), all)

// Merges changes into the state, object by object. A key whose value is null is deleted, and so is
// a page without visitors. Lists are replaced whole.
export function merge(state, some) {
  into(state, some)
  const pages = state.pages ?? {}
  for (const path of Object.keys(some.pages ?? {})) if (!(pages[path] > 0)) delete pages[path]
  return state
}

function into(kept, some) {
  for (const [key, value] of Object.entries(some)) {
    if (value === null) delete kept[key]
    else if (Array.isArray(value) || typeof value !== "object") kept[key] = value
    else kept[key] = into(isTree(kept[key]) ? kept[key] : Object.create(null), value)
  }
  return kept
}

const isTree = (value) => typeof value === "object" && value !== null && !Array.isArray(value)
