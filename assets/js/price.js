const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })

// A price as the pages write it: $1,120, or $1,120.50 when there are cents.
export function priceOf(usd) {
  return `$${(usd % 1 === 0 ? whole : cents).format(usd)}`
}
