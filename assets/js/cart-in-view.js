// The way to the cart does not lie over the cart.
export function markCartInView(box) {
  const link = document.querySelector("[data-cart-link]")
  new IntersectionObserver(([{ isIntersecting }]) => link.toggleAttribute("data-arrived", isIntersecting)).observe(box)
}
