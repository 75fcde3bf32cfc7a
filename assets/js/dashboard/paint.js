// Calls paint before the next frame, once however often it was asked for.
export function coalesce(paint) {
  let planned = false
  return () => {
    if (planned) return
    planned = true
    requestAnimationFrame(() => {
      planned = false
      paint()
    })
  }
}

// Nothing is touched that says it already.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}
