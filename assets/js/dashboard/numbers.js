const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })
const cent = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 })

// A number with its thousands apart, as the page writes it.
export const grouped = (n) => whole.format(n)

// An amount as the shop writes it: $1,200, or $1,200.50 when there are cents.
export const money = (cents) => `$${(cents % 100 === 0 ? whole : cent).format(cents / 100)}`

// The same for little room: from a million on, without the cents.
export const briefMoney = (cents) => (cents >= 100_000_000 ? `$${whole.format(cents / 100)}` : money(cents))

// A number for the narrow edge of a chart: 1.2K.
export const shortNumber = (n) => short.format(n)

export function counted(n, one, many = `${one}s`) {
  return `${grouped(n)} ${n === 1 ? one : many}`
}
