import { createKeyed } from "./keyed"
import { grouped } from "./numbers"
import { setAttribute, setText } from "./paint"
import { byNumber } from "./by-number"

const others = "other" // as the server calls all pages together that it does not count by themselves

// On which pages the shoppers' tabs are, the fullest first. The names are what shoppers send: text,
// whatever they say.
export function createPages(panel) {
  const show = createKeyed(panel.querySelector("tbody"), panel.querySelector("template"), bind)
  const empty = panel.querySelector("[data-empty]")

  return ({ pages = {} }) => {
    const entries = byNumber(pages, others)
    const most = Math.max(1, ...entries.map(([, count]) => count))
    show(entries.map(([path, count]) => [path, { path, count, share: (100 * count) / most }]))
    empty.hidden = entries.length > 0
  }
}

function bind(row) {
  const name = row.querySelector("[data-path]")
  const number = row.querySelector("[data-count]")
  const bar = row.querySelector("rect")
  return ({ path, count, share }) => {
    const words = path === others ? "other pages" : path
    setText(name, words)
    name.title = words
    setText(number, grouped(count))
    setAttribute(bar, "width", String(Math.round(share)))
  }
}
