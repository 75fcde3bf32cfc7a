import { showFlash } from "./flash"

const patienceMs = 5000

// The visitor's own facts come apart from the page, which is the same for everyone. Without them the shoes can
// still be followed, so a failure is not the end.
export async function askSession() {
  try {
    const session = await inTurn(fetchSession)
    window.cartId = session.cart_id
    if (session.flash) showFlash(session.flash)
  } catch (error) {
    console.warn("no session", error)
  }
}

async function fetchSession() {
  const response = await fetch("/session", {
    credentials: "same-origin",
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(patienceMs), // other tabs wait for this one
  })
  if (!response.ok) throw new Error(`/session answered ${response.status}`)
  return response.json()
}

// Two tabs that open at once on a first visit must get the same cart id: the second asks when the first has its
// cookie. Locks are missing on plain http, except on localhost.
function inTurn(ask) {
  return navigator.locks ? navigator.locks.request("sneakers23.session", ask) : ask()
}
