import { createProduct } from "./product.js"

// The products and their sizes. Products and sizes that the page lacks do no harm: it shows a note
// that there are more.
export function createStock(section) {
  const thresholds = { medium: Number(section.dataset.medium), high: Number(section.dataset.high) }
  const cards = [...section.querySelectorAll("[data-product-id]")].map((card) => createProduct(card, thresholds))
  const known = new Set(cards.map(({ id }) => id))
  const knownSizes = new Set(cards.flatMap(({ sizes }) => sizes.map(({ id }) => id)))
  const more = section.querySelector("[data-new-products]")

  function show({ items = {}, products = {} }) {
    const isAll = Object.keys(products).length > 0 // and not a node that has read none yet
    for (const card of cards) card.show(products[card.id], items, isAll)
    more.hidden =
      Object.keys(products).every((id) => known.has(id)) && Object.keys(items).every((id) => knownSizes.has(id))
  }

  return {
    show,
    section,
    cards,
    card: (element) => cards.find((card) => card.element === element.closest("[data-product-id]")),
  }
}
