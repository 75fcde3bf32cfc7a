package admin

import (
	"context"
	"time"

	"sneakers23/checkout"
)

// orderBook is all that the board needs of the orders.
type orderBook interface {
	SalesBefore(ctx context.Context, before time.Time) (checkout.Sales, error)
	SalesByMinute(ctx context.Context, since time.Time) (map[time.Time]checkout.Sales, error)
}

// orderSums sums the orders. Those of the last minutes are asked for often; those before change
// only by cancelling, and are asked for seldom.
type orderSums struct {
	orders orderBook

	before time.Time // minutes from here on are in recent
	sum    checkout.Sales
	asked  time.Time // when all were summed
	past   map[time.Time]checkout.Sales
}

const (
	askAllEvery = time.Minute
	recently    = 2 * time.Minute // an order may be dated some seconds before it is seen
)

// look asks the database. It is called by one goroutine at a time.
func (l *orderSums) look(ctx context.Context, now time.Time) (ordersState, error) {
	this := now.UTC().Truncate(time.Minute)
	if now.Sub(l.asked) >= askAllEvery || now.Before(l.asked) {
		if err := l.lookBack(ctx, now, this); err != nil {
			return ordersState{}, err
		}
	}
	recent, err := l.orders.SalesByMinute(ctx, l.before)
	if err != nil {
		return ordersState{}, err
	}
	s := ordersState{Count: l.sum.Orders, Revenue: int64(l.sum.Revenue), Minute: this.UnixMilli()}
	for _, sales := range recent {
		s.Count += sales.Orders
		s.Revenue += int64(sales.Revenue)
	}
	for i := range s.PerMinute {
		at := this.Add(time.Duration(i-minutes+1) * time.Minute)
		sales, ok := recent[at]
		if !ok && at.Before(l.before) {
			sales = l.past[at]
		}
		s.PerMinute[i] = minute{sales.Orders, int64(sales.Revenue)}
	}
	return s, nil
}

// lookBack sums what is not recent.
func (l *orderSums) lookBack(ctx context.Context, now, this time.Time) (err error) {
	before := this.Add(-recently)
	if l.sum, err = l.orders.SalesBefore(ctx, before); err != nil {
		return err
	}
	if l.past, err = l.orders.SalesByMinute(ctx, this.Add(-minutes*time.Minute)); err != nil {
		return err
	}
	l.before, l.asked = before, now
	return nil
}
