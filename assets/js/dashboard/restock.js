import { counted, grouped } from "./numbers.js"
import { createOrder } from "./order.js"

const most = 1_000_000 // of one order, as at the command line
const slip = 10 // times what there was

// Adds pairs to a size when that is confirmed. Call the result when numbers have changed.
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
      check: () => (field.validity.valid ? "" : `Write a whole number from 1 to ${grouped(most)}.`),
      question: () => questionOf(size.now, field.valueAsNumber),
      confirm: "Add them",
      sure: "Yes, add them",
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
  const now = `${counted(left, "pair")} left now`
  return field.validity.valid
    ? `${now}, ${grouped(left + field.valueAsNumber)} with these. Shoppers see it at once.`
    : `${now}.`
}

// Asks back about a count that looks like a typo, as the command line does.
function questionOf({ available, sold }, count) {
  const had = available + sold
  return had > 0 && count > slip * had
    ? `${counted(count, "pair")} are more than ${slip} times what this size ever had: ${grouped(had)}. Is that what you mean?`
    : ""
}
