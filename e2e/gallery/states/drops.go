package states

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"sneakers23/inventory"
	"sneakers23/web/admin/drops"
)

// plans are the drops of a state: some, if it is busy.
type plans struct{ some, away bool }

// Drops are one that lacks something, one with long words, and others from before.
func (p plans) Drops(context.Context) ([]drops.Drop, error) {
	switch {
	case p.away:
		return nil, sentences("No answer came in time. It may be done all the same: look before you try again.")
	case !p.some:
		return nil, nil
	}
	at := time.Now().AddDate(0, 0, 24).Truncate(time.Hour)
	return []drops.Drop{
		{
			ID: 12, At: at, Ends: new(at.Add(4 * time.Hour)), Zone: "Europe/Berlin", State: inventory.DropPlanned,
			Version: 1,
			Acts: []string{"Release of Hop Man 4 (SHU60500)", "Restock of 50 pairs of Hop Man 4, size 6 (SHU60506)",
				"Banner “Hop Man 4 is here.”"},
			Problems: []string{"SHU60500 has 3 of 6 sizes without stock", "SHU60500 has no images"},
		},
		{
			ID: 13, At: at.AddDate(0, 1, 0), Zone: "America/Argentina/ComodRivadavia", State: inventory.DropPlanned,
			Acts: []string{"Release of Transcontinental Ultramarathon Supercushioned Runner 9000 Anniversary (SHU60300)"},
		},
		{ID: 11, At: at.AddDate(0, -2, 0), Zone: "UTC", State: inventory.DropOpen,
			Acts: []string{"Release of Breezy Boost 600 (SHU60200)"}},
		{ID: 9, At: at.AddDate(0, -4, 0), Ends: new(at.AddDate(0, -4, 1)), Zone: "UTC", State: inventory.DropOver,
			Acts: []string{"Release of Hop Man 2 (SHU60050)", "Banner “Hop Man 2 is here.”"}},
		{ID: 10, At: at.AddDate(0, -3, 0), State: inventory.DropCancelled,
			Acts: []string{"Release of Hop Man 3 (SHU60100)"}},
	}, nil
}

// End does nothing.
func (p plans) End(context.Context, inventory.DropID, int64, *time.Time) error { return nil }

// EndNow does nothing.
func (p plans) EndNow(context.Context, inventory.DropID, int64) error { return nil }

// Plan refuses.
func (p plans) Plan(context.Context, drops.Plan) error {
	return sentences("SHU60400 is in drop 12 already: move or cancel that one first.")
}

// Move does nothing.
func (p plans) Move(context.Context, inventory.DropID, int64, time.Time) error { return nil }

// Cancel does nothing.
func (p plans) Cancel(context.Context, inventory.DropID, int64) error { return nil }

// sentences are an error in the words of the dashboard.
type sentences string

// Error returns them.
func (s sentences) Error() string { return string(s) }

func dropPages() []scene {
	busy := settings{busy: true}
	return []scene{
		{name: "some", title: "Drops of every state", settings: busy, visit: signsInTo("/admin/drops")},
		{name: "none", title: "No drop", visit: signsInTo("/admin/drops")},
		{name: "away", title: "The database is away", settings: settings{away: true}, visit: signsInTo("/admin/drops")},
		{name: "refused", title: "After a plan was refused", settings: busy, visit: func(v *visitor) {
			form := url.Values{
				"at": {"2031-12-24T18:00"}, "zone": {"Europe/Berlin"}, "release": {"SHU60400"},
				"restocks": {"SHU60406=50"}, "ends": {"2031-12-25T18:00"}, "announces": {"The last drop of the year."},
			}
			v.sendAsAdmin(http.MethodPost, "/admin/drops", form.Encode(), make(map[string]string))
		}},
	}
}
