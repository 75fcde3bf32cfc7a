import { counted, grouped } from "./numbers.js"
import { createOrder } from "./order.js"

// Adds pairs to a size when that is confirmed. It returns what says anew how many there are then.
export function restockByButton(dialog, stock, channel) {
  const order = createOrder(dialog, channel)
  const field = dialog.querySelector("input")

  stock.section.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-restock]")
    if (!opener) return
    const card = stock.card(opener)
    const size = card.sizes.find(({ row }) => row.contains(opener))
    const name = `${card.name}, size ${size.name}`
    let count = 0
    field.value = field.defaultValue
    order.open({
      title: `Restock ${name}`,
      words: () => wordsFor(size.now.available, field),
      confirm: "Add them",
      busy: "Adding…",
      event: "restock",
      payload: () => ({ item_id: Number(size.id), count: (count = field.valueAsNumber) }),
      done: () => `${counted(count, "pair")} more of ${name}.`,
      opener,
      otherwise: card.heading,
    })
    field.select()
  })
  field.addEventListener("input", order.retell)
  return order.retell
}

function wordsFor(left, field) {
  const now = `${grouped(left)} left now`
  return field.validity.valid ? `${now}, ${grouped(left + field.valueAsNumber)} then. Whoever looks at it sees that at once.` : `${now}.`
}
