import { learnTime } from "./server-clock.js"

const patienceMs = 5000

// Returns the visitor's cart id, cart and flash. The page lacks them, since it is the same for
// everyone.
export function askSession() {
  return talk({})
}

// Lets the session know the cart, and the id that the tabs agreed on. It merges, and answers with
// what it has then. The request outlives the page that makes it.
export function tellSession(cartId, serialized) {
  const body = JSON.stringify({ cart_id: cartId, serialized_cart: serialized ?? "" })
  return talk({ method: "POST", body, keepalive: true })
}

// Tells whether the shop can be asked at all. It takes nothing away.
export function sessionAnswers() {
  const options = {
    method: "HEAD",
    credentials: "same-origin",
    cache: "no-store",
    signal: AbortSignal.timeout(patienceMs),
  }
  return fetch("/session", options).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function talk(options) {
  const asked = Date.now()
  const response = await fetch("/session", {
    credentials: "same-origin",
    headers: { accept: "application/json", "content-type": "application/json" },
    signal: AbortSignal.timeout(patienceMs),
    ...options,
  })
  if (!response.ok) throw new Error(`/session answered ${response.status}`)
  const answered = Date.now()
  const session = await response.json()
  learnTime(session.now, asked, answered)
  return session
}
