import { createKeyed } from "./keyed"
import { grouped } from "./numbers"
import { setAttribute, setText } from "./paint"
import { byNumber } from "./by-number"

// On which pages the shoppers' tabs are, the fullest first. The names are what shoppers send: text, whatever they say.
export function createPages(panel) {
  const show = createKeyed(panel.querySelector("tbody"), panel.querySelector("template"), bind)
  const empty = panel.querySelector("[data-empty]")

  return ({ pages = {} }) => {
    const entries = byNumber(pages)
    const most = entries[0]?.[1] ?? 1
    show(entries.map(([path, count]) => [path, { path, count, share: (100 * count) / most }]))
    empty.hidden = entries.length > 0
  }
}

function bind(row) {
  const name = row.querySelector("[data-path]")
  const number = row.querySelector("[data-count]")
  const bar = row.querySelector("rect")
  return ({ path, count, share }) => {
    setText(name, path || "(no page)")
    name.title = path
    setText(number, grouped(count))
    setAttribute(bar, "width", String(Math.round(share)))
  }
}
