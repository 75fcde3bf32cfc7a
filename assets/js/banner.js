import { say } from "./toast.js"

// Keeps the line at the head of the page as the server knows it. The page never moves: a banner
// that comes while a page is open is said, and stands there from the next page on. One that goes
// leaves its place empty, and one that is longer than that place is said only.
export function followBanner(socket, tell = (text) => say(text, null, "banner")) {
  const strip = document.querySelector("[data-banner]")
  if (strip) document.documentElement.style.setProperty("--height-banner", `${strip.offsetHeight}px`)
  let shown = strip?.textContent.trim() ?? ""
  const show = (text) => {
    if (text === shown) return

    shown = text
    if (strip) replace(strip, text)
    if (text) tell(text)
  }

  const channel = socket.channel("shop")
  channel.on("banner", ({ text }) => show(text))
  channel.join().receive("ok", ({ banner }) => show(banner))
}

function replace(strip, text) {
  strip.style.height = `${strip.offsetHeight}px`
  strip.textContent = text
  if (strip.scrollHeight > strip.clientHeight) strip.textContent = ""
}
