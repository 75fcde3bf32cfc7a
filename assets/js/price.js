// A price as the pages write it: $120, or $120.50 when there are cents.
export function priceOf(usd) {
  return usd % 1 === 0 ? `$${usd}` : `$${usd.toFixed(2)}`
}
