// A button that puts a size in place of the one in the cart. It is a form, so it works without a
// socket too.
export function swapForm(words, itemId) {
  const form = document.createElement("form")
  form.action = "/cart/add?replace=true"
  form.method = "post"
  const button = document.createElement("button")
  button.className = "flash__action"
  button.name = "item_id"
  button.value = itemId
  button.textContent = words
  form.append(button)
  return form
}
