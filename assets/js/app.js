import { followBanner } from "./banner"
import { followCart } from "./cart"
import { showCart } from "./cart-box"
import { changeByForms, sendOnlyIfAnswered } from "./cart-forms"
import { keepCheckout } from "./checkout"
import { countDownAll } from "./countdown"
import { followConnection } from "./connection"
import { showMoments } from "./moment"
import { followProduct } from "./product"
import { watchForms } from "./sending"
import { showHeld } from "./sizes"
import { dismissByKey } from "./toast"
import { createSocket } from "./transport"

function follow(forms) {
  const blocks = document.querySelectorAll(".product-listing[data-product-id]")
  const box = document.querySelector("#cart-container")
  const desk = document.querySelector("[data-checkout]")
  const carries = document.querySelector("[data-carried]")
  if (blocks.length === 0 && !box && !desk && !carries) return

  const socket = createSocket("/product_socket")
  const hint = document.querySelector("[data-connection]")
  if (hint) followConnection(socket, hint)
  followBanner(socket)
  for (const block of blocks) followProduct(socket, block)
  if (box) {
    const cart = followCart(socket, (cart) => {
      showCart(box, cart)
      showHeld(cart.items)
    })
    changeByForms(cart)
    sendOnlyIfAnswered(cart)
  }
  if (desk) sendOnlyIfAnswered(followCart(socket, keepCheckout(desk, forms), forms.underway))
  // The tab's cart gets what the page carries.
  else if (!box && carries) sendOnlyIfAnswered(followCart(socket, () => {}))
  socket.connect()
}

countDownAll()
showMoments()
dismissByKey()
follow(watchForms())

// A checkout from the browser's memory shows what was to be bought when it was left.
if (document.querySelector(".checkout-container")) {
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload())
}
