package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"sneakers23/app"
	"sneakers23/app/rehearsal"
	"sneakers23/app/store"
	"sneakers23/cmd/console"
)

// rehearseCmd plays a drop day.
type rehearseCmd struct {
	databaseFlag
	Shoppers int           `help:"How many simulated shoppers: up to 12000, fewer if this process may open too few files." default:"100" short:"n"`
	For      time.Duration `help:"How long, up to 1h; it goes on until a verdict can be given, see --at-least." default:"1m"`
	Ramp     time.Duration `help:"Time within which all shoppers come. Default: a fifth of --for." placeholder:"D"`
	Think    time.Duration `help:"Pause of a shopper from one deed to the next, in the mean." default:"2s"`
	Buy      float64       `help:"Share of the deeds that are purchases, 0 (none) to 0.4." default:"0.05"`
	Wait     float64       `help:"Share of the shoppers who wait for the release of a product that is not released yet, 0 (none) to 1." default:"0.5"`
	Release  []string      `help:"Product that the copy releases so long after the beginning, like SHU6000@30s; 0s: before it. May be named several times. Default: a third of --for, for each product that the shop has not released." placeholder:"SKU@AFTER" sep:"none"`

	URL           []string `help:"Shop to go to in place of the copy, like http://localhost:4000; may be named several times, for several nodes. WHAT IS BOUGHT THERE IS SOLD." placeholder:"URL" sep:"none"`
	AllowHost     []string `help:"Host of a --url that is not this machine. It must be yours." placeholder:"HOST" sep:"none"`
	AdminPassword string   `help:"Password of those shops' dashboard, to have one open meanwhile." env:"SNEAKERS23_ADMIN_PASSWORD" placeholder:"TEXT"`
	Record        string   `help:"File for what the dashboard is sent: a frame a line, with its time in ms." placeholder:"FILE" type:"path"`
	Yes           bool     `help:"Do not ask before real stock is sold." short:"y"`

	Patience time.Duration `help:"How long a shopper waits for an answer before that is an error." default:"10s"`

	ReplyP99    time.Duration `name:"reply-p99" help:"Limit for the answer to a change of a cart, of 99 in 100; 0s for none." default:"250ms" group:"Verdict"`
	PushP99     time.Duration `name:"push-p99" help:"Limit for such a change to show in another tab." default:"500ms" group:"Verdict"`
	PurchaseP99 time.Duration `name:"purchase-p99" help:"Limit for the answer to a purchase." default:"1s" group:"Verdict"`
	PageP99     time.Duration `name:"page-p99" help:"Limit for a page." default:"500ms" group:"Verdict"`
	Errors      float64       `help:"Limit for the share of deeds that fail: 0 if none may, 1 if all may." default:"0.001" group:"Verdict"`
	AtLeast     int64         `help:"How often each kind that has a limit must have been measured. 100 make it a real 99th percentile." default:"20" group:"Verdict"`
	AtMost      time.Duration `help:"How long the rehearsal may take to measure so much. Default: three times --for, and at least 30s." placeholder:"D" group:"Verdict"`

	drop drop // what Release says, see check
}

// Help is shown by rehearse --help.
func (rehearseCmd) Help() string {
	return `Simulated shoppers open pages, sockets and carts, look around, add, remove, buy and reconnect, as browsers
do, and measure how long it takes. Half of them (--wait) wait on the page of a product that is not released yet, and
rush at it when it is. Exit code 0 says that all limits were kept, 1 that some were not, and 3 that too little was
measured to tell: after --for the rehearsal goes on until each kind that has a limit was measured --at-least times, or
until --at-most or Ctrl-C.

Without --url it is a dry run: the stock of the database is copied into a schema of its own, a node is opened on the
copy in this process, and both are gone afterwards. What the shop has not released, the copy releases in the middle of
the rehearsal (--release), and the rehearsal goes on until shoppers have rushed at it. Nothing real is sold. Shoppers
and node share this machine's processors then, so the figures are worse than those of a node alone.

With --url the shoppers go to your own nodes, or to the proxy before them: real stock is sold, and releases are yours
to make. A shopper whose node does not answer goes on to the next --url, as a proxy would lead him.

A shopper needs a socket, each fifth needs two, and a process opens only so many files (see ulimit -Hn). At 20000
files that is enough for 7900 shoppers on a copy, where both ends of a socket are in this process, and for 12000 at
nodes of your own. For more, run this on several machines.`
}

// Run is called by kong.
func (r *rehearseCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if err := r.check(); err != nil {
		return usageError{err}
	}
	if !r.dry() && !r.Yes {
		what := fmt.Sprintf("%d simulated shoppers will buy real stock at %s.", r.Shoppers, strings.Join(r.URL, ", "))
		if err := confirm(term, what); err != nil {
			return err
		}
	}
	report, err := r.rehearse(ctx, g, term)
	if err != nil {
		return err
	}
	verdict := report.Judge(r.limits())
	if g.JSON {
		err = term.out.JSON(struct {
			rehearsal.Report
			Passed bool `json:"passed"`
			rehearsal.Verdict
		}{report, verdict.Outcome == rehearsal.Passed, verdict})
	} else {
		printReport(term.out, report, verdict)
	}
	return cmp.Or(err, explain(report, verdict))
}

func (r *rehearseCmd) limits() rehearsal.Limits {
	l := rehearsal.Limits{
		Reply: r.ReplyP99, Push: r.PushP99, Purchase: r.PurchaseP99, Page: r.PageP99, Errors: r.Errors,
		AtLeast: r.AtLeast,
	}
	if r.Buy == 0 {
		l.Purchase = 0 // without purchases there is nothing to measure
	}
	l.Rush = len(r.drop.releases()) > 0 && r.Wait > 0
	return l
}

// explain returns the error of a rehearsal that did not pass. It says what to do.
func explain(r rehearsal.Report, v rehearsal.Verdict) error {
	switch v.Outcome {
	case rehearsal.Failed:
		return fmt.Errorf("FAIL: limits that were not kept: %d", len(v.Broken))
	case rehearsal.TooFew:
		hint := "rehearse for longer (--for, --at-most), with more shoppers (--shoppers) or shorter pauses (--think)"
		purchases := slices.ContainsFunc(v.TooFew, func(s rehearsal.Shortage) bool {
			return s.Kind == rehearsal.KindPurchase
		})
		const soldOut = "everything is sold out, so nothing more can be bought: put in more pairs first (sneakers23 restock), or rehearse without purchases (--buy 0)"
		switch {
		case r.SoldOut && !slices.ContainsFunc(v.TooFew, func(s rehearsal.Shortage) bool { return !s.NeedsStock() }):
			hint = soldOut
		case r.SoldOut:
			hint += "; " + soldOut
		case purchases && r.Refused > 0:
			hint += fmt.Sprintf(
				"; %d purchases were refused for want of stock: more pairs help too (sneakers23 restock)", r.Refused,
			)
		case r.Waited > 0 && r.Rushed == 0:
			hint += "; shoppers waited for a release that did not come: release a product meanwhile (sneakers23 release)"
		}
		return exitError{fmt.Errorf("TOO FEW TO TELL: no limit was broken by what was measured; %s", hint), exitTooFew}
	}
	return nil
}

func (r *rehearseCmd) check() error {
	switch {
	case r.Shoppers < 1 || r.Shoppers > rehearsal.Most(r.dry()):
		return r.tooMany()
	case r.For < time.Second || r.For > time.Hour:
		return errors.New("--for must be from 1s to 1h")
	case r.AtMost != 0 && r.AtMost < r.For || r.AtMost > 24*time.Hour:
		return errors.New("--at-most must be from --for to 24h")
	case r.AtLeast < 1 || r.AtLeast > 1_000_000_000:
		return errors.New("--at-least must be from 1 to 1000000000")
	case r.Patience < time.Second || r.Patience > time.Hour:
		return errors.New("--patience must be from 1s to 1h")
	case r.Ramp < 0 || r.Ramp > r.For:
		return errors.New("--ramp must be from 0s to --for")
	case r.Think < 10*time.Millisecond || r.Think > time.Hour:
		return errors.New("--think must be from 10ms to 1h")
	case !(r.Buy >= 0 && r.Buy <= 0.4): // NaN is in no range
		return errors.New("--buy must be from 0 to 0.4")
	case !(r.Wait >= 0 && r.Wait <= 1):
		return errors.New("--wait must be from 0 to 1: it is a share")
	case len(r.Release) > 0 && !r.dry():
		return errors.New("--release is for a rehearsal on a copy; with --url, release the product meanwhile: sneakers23 release SKU")
	case !(r.Errors >= 0 && r.Errors <= 1):
		return errors.New("--errors must be from 0 to 1: it is a share")
	}
	for _, limit := range []struct {
		flag  string
		value time.Duration
	}{
		{"--reply-p99", r.ReplyP99}, {"--push-p99", r.PushP99}, {"--purchase-p99", r.PurchaseP99},
		{"--page-p99", r.PageP99},
	} {
		if limit.value < 0 || limit.value > time.Hour {
			return fmt.Errorf("%s must be from 0s (no limit) to 1h", limit.flag)
		}
	}
	for i, text := range r.URL {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" ||
			u.RawQuery != "" {
			return fmt.Errorf("--url %q: it should be like http://localhost:4000", text)
		}
		r.URL[i] = u.Scheme + "://" + u.Host
		if err := mayLoad(u.Hostname(), r.AllowHost, r.Yes, fmt.Sprintf("%d shoppers", r.Shoppers)); err != nil {
			return err
		}
	}
	var err error
	r.drop, err = readDrop(r.Release, r.For)
	return err
}

// dry tells whether this is about a copy, at a node in this process.
func (r *rehearseCmd) dry() bool { return len(r.URL) == 0 }

func (r *rehearseCmd) tooMany() error {
	most := rehearsal.Most(r.dry())
	err := fmt.Errorf("--shoppers must be from 1 to %d here: a process opens only so many files (see ulimit -Hn)", most)
	if more := rehearsal.Most(false); r.dry() && more > most {
		return fmt.Errorf("%w, and on a copy it holds both ends of each socket; at nodes of your own (--url) it can be %d", err, more)
	}
	return fmt.Errorf("%w; for more, run this on several machines", err)
}

// mayLoad refuses to load another machine by mistake: one that is not this one must be named twice.
// crowd is how many simulated clients of which kind there would be.
func mayLoad(host string, allowed []string, yes bool, crowd string) error {
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() || slices.Contains(allowed, host) && yes {
		return nil
	}
	return fmt.Errorf("%s is another machine, which this would load as %s do: if it is yours, say so twice, by --allow-host %s and --yes",
		host, crowd, host)
}

// rehearse plays on the copy, or at the shops that were named.
func (r *rehearseCmd) rehearse(ctx context.Context, g *globals, term terminal) (report rehearsal.Report, err error) {
	p := newProgress(term, g.JSON)
	defer p.done()
	urls, password := r.URL, r.AdminPassword
	var releases []rehearsal.Release
	if r.dry() {
		p.note("copying the stock…")
		log := newLog(term.err, g.JSON, slog.LevelWarn)
		db := store.Config{URL: r.DatabaseURL, DataDir: g.DataDir, BinDir: r.PostgresBin}
		stage, err := app.OpenStage(ctx, db, r.drop.begins, log)
		if err != nil {
			return report, err
		}
		defer func() {
			p.note("removing the copy…")
			err = errors.Join(err, stage.Close())
		}()
		urls, password = []string{stage.URL()}, stage.AdminPassword()
		if err := r.drop.check(); err != nil {
			return report, err
		}
		for _, p := range r.drop.releases() {
			releases = append(releases, rehearsal.Release{After: p.after, Do: func(ctx context.Context) error {
				return stage.Release(ctx, p.sku)
			}})
		}
	}
	record, err := r.record()
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, record.Close()) }()
	orNone := func(share float64) float64 { // 0 stands for a default there
		if share == 0 {
			return -1
		}
		return share
	}
	return rehearsal.Run(ctx, rehearsal.Config{
		AdminPassword: password, Record: record,
		URLs: urls, Shoppers: r.Shoppers, For: r.For, AtMost: r.AtMost, Ramp: r.Ramp, Think: r.Think,
		Buy:  orNone(r.Buy),
		Wait: orNone(r.Wait), Releases: releases,
		Patience: r.Patience, Limits: r.limits(),
		Progress: func(now rehearsal.Progress) { r.show(p, now) },
	})
}

// show draws how a rehearsal goes: how much of --for is over, and after that, how much of what is
// waited for was measured.
func (r *rehearseCmd) show(p *progress, now rehearsal.Progress) {
	share, doing := 1-now.Left.Seconds()/r.For.Seconds(), fmt.Sprintf("%v left", now.Left.Round(time.Second))
	if len(now.Waiting) > 0 {
		var count, needed int64
		waits := make([]string, len(now.Waiting))
		for i, w := range now.Waiting {
			waits[i] = fmt.Sprintf("%s %d/%d", w.Kind, w.Count, w.AtLeast)
			count, needed = count+w.Count, needed+w.AtLeast
		}
		share = float64(count) / float64(needed)
		doing = fmt.Sprintf("waits for %s (%v at most)", strings.Join(waits, ", "), now.Left.Round(time.Second))
	}
	p.draw(share, fmt.Sprintf("%s; %d shoppers, %d deeds, %d orders, %d errors; Ctrl-C ends it",
		doing, now.Here, now.Deeds, now.Orders, now.Failed))
}

// record opens the file for the dashboard's frames, or nothing.
func (r *rehearseCmd) record() (io.WriteCloser, error) {
	if r.Record == "" {
		return nowhere{io.Discard}, nil
	}
	return os.Create(r.Record)
}

type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }

func printReport(to *console.Writer, r rehearsal.Report, v rehearsal.Verdict) {
	to.Printf("%d shoppers for %.0f s: %d deeds, %d orders, %d refused, %d reconnects, %d pushes received\n",
		r.Shoppers, r.Duration, r.Deeds, r.Orders, r.Refused, r.Reconnects, r.Pushes)
	if r.Lost > 0 || r.Retried > 0 {
		to.Printf("%d connections were lost and opened again; %d requests and messages were sent again\n",
			r.Lost, r.Retried)
	}
	if r.Waited > 0 {
		to.Printf("%d waited for a release, %d rushed at it, %d of them bought\n", r.Waited, r.Rushed, r.Rush.Count)
	}
	to.Println()
	table := to.Figures()
	table.Row("ms", "count", "p50", "p90", "p99", "longest")
	for _, row := range []struct {
		what string
		l    rehearsal.Latency
	}{{"reply", r.Reply}, {"push", r.Push}, {"purchase", r.Purchase}, {"page", r.Page}, {"release to bought", r.Rush}} {
		if row.l.Count == 0 && row.what == "release to bought" {
			continue
		}
		if row.l.Count == 0 {
			table.Row(row.what, 0, "-", "-", "-", "-")
			continue
		}
		ms := func(v float64) string { return fmt.Sprintf("%.1f", v) }
		table.Row(row.what, row.l.Count, ms(row.l.P50), ms(row.l.P90), ms(row.l.P99), ms(row.l.Max))
	}
	table.Print()
	if d := r.Dashboard; d != nil {
		to.Printf("\ndashboard: %d changes, the largest of %d bytes, at most %.1f in a second\n",
			d.Frames, d.Largest, d.MostASecond)
	}
	if failures := r.Failures(); len(failures) > 0 {
		to.Printf("\nfailed: %s\n", strings.Join(failures, ", "))
	}
	to.Println()
	if v.Outcome == rehearsal.Passed {
		to.Println("PASS: all limits were kept")
	}
	for _, b := range v.Broken {
		to.Println(b)
	}
	for _, few := range v.TooFew {
		to.Println(few)
	}
}
