import { agreeOnCartId } from "./cart-id"
import { nameOf } from "./cart-line"
import { showFlash, takeAway } from "./flash"
import { createKeptCart } from "./kept-cart"
import { showLastOrder } from "./last-order"
import { createMirror } from "./mirror"
import { askSession, tellSession } from "./session"
import { say } from "./toast"

// Keeps the cart of this tab as all tabs have it. The server merges what they bring; localStorage
// keeps it between visits. show is called with each cart, and with whether its news were said. They
// are not while a purchase is under way: what it buys may be the last pair.
export function followCart(socket, show, buying = () => false) {
  const mirror = createMirror()
  const kept = createKeptCart()
  let channel = null
  let items = null // until the server has said
  let wanted = null // the name that another tab has for the cart
  const { carried, cartId } = document.querySelector("[data-carried]")?.dataset ?? {} // where no cookie carries a cart

  async function start() {
    const session = await askSession().catch((error) => console.warn("no session", error))
    if (session?.flash) showFlash(session.flash)
    showLastOrder(session?.order_number)
    if (session && cartId && session.cart_id !== cartId) tellNoCookie()
    const id = agreeOnCartId(cartId ?? session?.cart_id, moveTo)
    if (!id) return // forms still work

    window.cartId = id
    await bringTogether(id, session).catch((error) => console.warn("the session is not told", error))
    if (!channel) join(id)
  }

  // The channel is told one cart, so what forms did is merged into what tabs did before.
  async function bringTogether(id, session) {
    const ours = kept.token()
    const told = session?.serialized_cart
    if (told && !ours) kept.agree(told, ours)
    if (session?.cart_id === id && (!ours || told === ours)) return

    const { serialized_cart } = await tellSession(id, ours)
    kept.agree(serialized_cart, ours)
  }

  // Another tab's name for the cart holds. The session knows the name that it had before, so it is
  // told first: the cart that it answers with is this one under the new name.
  async function moveTo(id) {
    wanted = id
    const ours = kept.token()
    await tellSession(id, ours)
      .then(({ serialized_cart }) => kept.agree(serialized_cart, ours))
      .catch((error) => console.warn("the session is not told", error))
    if (wanted === id) join(id) // no other name came meanwhile
  }

  function join(id) {
    channel?.leave()
    window.cartId = id
    const joined = socket.channel(`cart:${id}`, () => ({ serialized: kept.tell(), carried, page: location.pathname }))
    joined.on("cart", (cart) => joined === channel && take(cart))
    joined.join()
    channel = joined
  }

  function take(cart) {
    const news = items && !buying() ? newsOf(items, cart.items) : []
    items = cart.items
    show(cart, news.length > 0)
    for (const { words, item } of news) say(words, lineOf(item), nameOf(item))
    if (news.length > 0) takeAway(document.querySelector(".flash--info")) // it says what was true before
    if (kept.keep(cart)) mirror(window.cartId, cart.serialized)
  }

  start()
  return {
    // Without a joined channel, forms do it.
    ready: () => channel?.state === "joined" && socket.isConnected(),
    lost: () => !socket.isConnected(),
    line: (id) => items?.find((item) => item.id === Number(id)),
    push: (event, payload) => channel.push(event, payload).receive("ok", take),
  }
}

// The session does not know the cart of the page: the page's cookie was not sent.
function tellNoCookie() {
  document.querySelector("[data-no-cookie]")?.removeAttribute("hidden")
}

function newsOf(before, now) {
  const were = new Map(before.map((item) => [item.id, item.out_of_stock]))
  return now
    .filter(({ id, out_of_stock }) => were.has(id) && were.get(id) !== out_of_stock)
    .map((item) => ({ item, words: `${nameOf(item)} ${item.out_of_stock ? "just sold out" : "is back"}.` }))
}

const lineOf = ({ id }) => document.querySelector(`:is(.cart-item, .checkout-line)[data-item-id="${id}"]`)
