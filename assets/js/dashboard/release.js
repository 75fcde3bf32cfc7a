import { counted } from "./numbers.js"
import { createOrder } from "./order.js"

// Releases a product when that is confirmed.
export function releaseByButton(dialog, stock, channel) {
  const order = createOrder(dialog, channel)

  stock.section.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-release]")
    if (!opener) return
    const card = stock.card(opener)
    order.open({
      title: `Release ${card.name}?`,
      words: () => `${counted(card.sizes.length, "size")} can be bought at once, on every open page. It can't be taken back.`,
      confirm: "Release now",
      busy: "Releasing…",
      event: "release",
      payload: () => ({ product_id: Number(card.id) }),
      done: () => `${card.name} is released.`,
      opener,
      otherwise: card.heading,
    })
  })
}
