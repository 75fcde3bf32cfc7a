// Shows the way back to the visitor's last order: the page is the same for everyone, the session
// knows its number.
export function showLastOrder(number) {
  const link = document.querySelector("[data-last-order]")
  if (!link || !number) return
  link.querySelector("[data-order-number]").textContent = number
  link.hidden = false
}
