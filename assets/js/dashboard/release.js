import { momentOf } from "../moment.js"
import { counted } from "./numbers.js"
import { createOrder } from "./order.js"

// Releases a product when that is confirmed. Call the result when numbers have changed.
export function releaseByButton(dialog, stock, channel) {
  const order = createOrder(dialog, channel)

  stock.section.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-release]")
    if (!opener) return
    const card = stock.card(opener)
    order.open({
      title: `Release ${card.name}?`,
      words: () => wordsFor(card),
      confirm: "Release now",
      busy: "Releasing…",
      event: "release",
      payload: () => ({ product_id: Number(card.id) }),
      done: ({ already }) => (already ? `${card.name} had been released before.` : `${card.name} is released.`),
      isMoot: () => card.now().released,
      moot: `${card.name} has been released meanwhile.`,
      opener,
      otherwise: card.heading,
    })
  })
  return order.retell
}

// Describes what a release will do: sizes without pairs are shown as sold out.
export function wordsFor(card) {
  const full = card.sizes.filter(({ now }) => now.available > 0)
  const none = card.sizes.length - full.length
  const pairs = full.reduce((sum, { now }) => sum + now.available, 0)
  const due = card.now().release_at
  return [
    full.length
      ? `${counted(pairs, "pair")} in ${counted(full.length, "size")} ${pairs === 1 ? "goes" : "go"} on sale on every open page.`
      : "There is not one pair of it: it will be shown as sold out.",
    full.length && none ? `${counted(none, "size")} ${none === 1 ? "is" : "are"} sold out.` : "",
    due ? `It would be released by itself on ${momentOf(new Date(due))}.` : "",
    "It can be taken back at the command line until the first pair is sold.",
  ]
    .filter(Boolean)
    .join(" ")
}
