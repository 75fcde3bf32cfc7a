import { say } from "./toast.js"

// Keeps the line at the head of the page as the server knows it. A page that is looked at never
// moves: a banner that comes meanwhile is a message, and a line once the reader has looked away, or
// on the next page. One that goes leaves its place empty, and one that is longer than that place is
// a message only.
export function followBanner(socket, tell = (text) => say(text, null, "banner")) {
  let strip = document.querySelector("[data-banner]")
  if (strip) measure(strip)
  let shown = strip?.textContent.trim() ?? ""
  const show = (text) => {
    if (text === shown) return

    shown = text
    if (strip) replace(strip, text)
    else putUp()
    if (text) tell(text)
  }
  const putUp = () => {
    if (strip || !shown || !document.hidden) return

    strip = create(shown)
    measure(strip)
  }
  document.addEventListener("visibilitychange", putUp)
  let width = window.innerWidth
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return // a phone's address bar comes and goes

    width = window.innerWidth
    if (strip) fit(strip, shown)
  })

  const channel = socket.channel("shop")
  channel.on("banner", ({ text }) => show(text))
  channel.join().receive("ok", ({ banner }) => show(banner))
}

// Messages at the head of the page stand below it.
function measure(strip) {
  document.documentElement.style.setProperty("--height-banner", `${strip.offsetHeight}px`)
}

function create(text) {
  const strip = document.createElement("aside")
  strip.className = "banner"
  strip.dataset.banner = ""
  strip.setAttribute("aria-label", "News")
  strip.textContent = text
  document.querySelector(".site-header").before(strip)
  return strip
}

// The page is laid out again anyway.
function fit(strip, text) {
  if (!text) return

  strip.style.height = ""
  strip.textContent = text
  measure(strip)
}

function replace(strip, text) {
  strip.style.height = `${strip.offsetHeight}px`
  strip.textContent = text
  if (strip.scrollHeight > strip.clientHeight) strip.textContent = ""
}
