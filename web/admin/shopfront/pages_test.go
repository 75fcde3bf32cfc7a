package shopfront

import (
	"bytes"
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
	"sneakers23/templates"
	"sneakers23/web/webtest"
)

// desk notes what it is asked to save, and answers as it is told.
type desk struct {
	edits  []storefront.Edit
	pages  []storefront.PageEdit
	logos  []string
	result storefront.Saved
	late   bool
	err    error
}

func (d *desk) SetShop(_ context.Context, edit storefront.Edit) (storefront.Saved, bool, error) {
	d.edits = append(d.edits, edit)
	return d.result, !d.late, d.err
}

func (d *desk) SavePage(_ context.Context, edit storefront.PageEdit) (storefront.Saved, bool, error) {
	d.pages = append(d.pages, edit)
	return d.result, !d.late, d.err
}

func (d *desk) AddPicture(_ context.Context, photo []byte) (string, error) {
	if string(photo) == "bad" {
		return "", &picture.Error{Text: "the file is no picture that can be shown"}
	}
	d.logos = append(d.logos, string(photo))
	return "new-logo", nil
}

func look() *storefront.Look {
	return storefront.NewLook(1, storefront.Settings{
		Name: "Volt <b>", Zone: "Europe/Berlin", URL: "https://volt.example", Accent: "#0b6b3a", Shipping: "Fast.",
		Banner: "<Here>.", BannerEnds: new(time.Date(2031, 12, 24, 17, 0, 0, 0, time.UTC)),
		Logo: &storefront.Logo{Picture: "p1", Renditions: []picture.Rendition{{Name: "a.png", Width: 300,
			Height: 120}}},
	}, storefront.Page{Slug: "help", Title: "Help", Body: "Ask </textarea><script>."})
}

func newPages(t testing.TB, d *desk) *Pages {
	t.Helper()
	set, err := templates.Parse(func(name string) (string, error) { return "/assets/hashed/" + name, nil })
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Look: look, Templates: set, Desk: d,
		Sheet: func(s storefront.Settings) string { return "/shop-" + s.Accent[1:] + ".css" },
	})
}

func visit(t testing.TB, page echo.HandlerFunc, r *http.Request, slug string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("slug")
	c.SetParamValues(slug)
	if err := page(c); err != nil {
		t.Fatal(err)
	}
	return w
}

func get(query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "/?"+query, http.NoBody)
}

// post is a form with these fields: name, value, name, value.
func post(t testing.TB, fields ...string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		var err error
		if fields[i] == "file" {
			part, partErr := w.CreateFormFile("file", "logo.png")
			if err = partErr; err == nil {
				_, err = part.Write([]byte(fields[i+1]))
			}
		} else {
			err = w.WriteField(fields[i], fields[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// filled is the form of the settings as its page sends it, with changes.
func filled(changes map[string]string, more ...string) []string {
	var fields []string
	for _, f := range [][2]string{
		{"seen", "1"}, {"logo", "p1"}, {"name", "Volt <b>"}, {"url", "https://volt.example"}, {"zone", "Europe/Berlin"},
		{"shipping", "Fast."}, {"returns", ""}, {"accent", "#0b6b3a"}, {"accent_dark", ""},
		{"banner", "<Here>."}, {"banner_ends", "2031-12-24T18:00"}, // as browsers send it
	} {
		if changed, ok := changes[f[0]]; ok {
			f[1] = changed
		}
		fields = append(fields, f[0], f[1])
	}
	return append(fields, more...)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	p := newPages(t, &desk{})
	for name, page := range map[string]*httptest.ResponseRecorder{
		"settings.html": visit(t, p.Settings, get("saved=yes"), ""),
		"page.html":     visit(t, p.Page, get(""), "help"),
		"new_page.html": visit(t, p.Page, get(""), "imprint"),
	} {
		t.Run(name, func(t *testing.T) { webtest.Golden(t, name, page.Body.Bytes()) })
	}
}

func TestSaveSettings(t *testing.T) {
	t.Parallel()
	changed := storefront.Saved{Changed: []string{"name"}}
	for name, tt := range map[string]struct {
		more   []string
		result storefront.Saved
		late   bool
		logo   string
		leads  string
	}{
		"as it is":    {nil, storefront.Saved{}, false, "p1", "saved=same"},
		"saved":       {nil, changed, false, "p1", "saved=yes"},
		"late":        {nil, changed, true, "p1", "saved=late"},
		"empty file":  {[]string{"file", ""}, changed, false, "p1", "saved=yes"},
		"new logo":    {[]string{"file", "bytes", "remove_logo", "yes"}, changed, false, "new-logo", "saved=yes"},
		"without one": {[]string{"remove_logo", "yes"}, changed, false, "", "saved=yes"},
	} {
		d := &desk{result: tt.result, late: tt.late}
		w := visit(t, newPages(t, d).SaveSettings, post(t,
			filled(map[string]string{"name": " Bolt ", "zone": "Asia/Tokyo"}, tt.more...)...), "")
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin/shop?"+tt.leads {
			t.Errorf("%s: status %d to %q", name, w.Code, w.Header().Get("Location"))
			continue
		}
		want := storefront.Edit{
			Name: new("Bolt"), Zone: new("Asia/Tokyo"), URL: new("https://volt.example"), Accent: new("#0b6b3a"),
			AccentDark: new(""), Logo: &tt.logo, Shipping: new("Fast."), Returns: new(""),
			Banner: new("<Here>."), BannerEnds: new(time.Date(2031, 12, 24, 17, 0, 0, 0, time.UTC)),
			Seen: new(storefront.Revision(1)),
		}
		if diff := cmp.Diff([]storefront.Edit{want}, d.edits); diff != "" {
			t.Errorf("%s: saved (-want +got):\n%s", name, diff)
		}
	}
}

// TestWrongSettings holds that what is wrong stands in the page beside what was written, that
// nothing is saved, and that a logo which came with it is not lost.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		changes map[string]string
		more    []string
		err     error
		status  int
		says    []string
	}{
		"problems": {
			map[string]string{"name": "", "accent": "<red>"}, []string{"file", "bytes"},
			storefront.Problems{{Field: "name", Text: "is missing"}, {Field: "accent", Text: "is no color"}}, 422,
			[]string{`<a href="#edit-name">Name</a>: is missing`, `value="&lt;red&gt;"`,
				`name="logo" value="new-logo"`, `aria-invalid="true"`},
		},
		"bad logo": {
			nil, []string{"file", "bad"}, nil, 422,
			[]string{`<a href="#edit-logo">Logo</a>: the file is no picture`, `name="logo" value="p1"`},
		},
		"edited": {
			map[string]string{"seen": "0", "name": "Bolt"}, []string{"remove_logo", "yes"}, storefront.ErrEdited, 409,
			[]string{"somebody else has changed it", "Name: Volt &lt;b&gt; becomes Bolt",
				"Logo: a picture becomes nothing", `name="seen" value="1"`, "checked"},
		},
		"bad end": {
			map[string]string{"banner_ends": "soon"}, nil, nil, 422,
			[]string{`<a href="#edit-banner_ends">End of the banner</a>: That is no time.`, `value="soon"`},
		},
		"end twice": {
			map[string]string{"banner_ends": "2027-10-31T02:30:00"}, nil, nil, 422,
			[]string{"The clocks of Europe/Berlin are set back then, and show that time twice. Choose another time."},
		},
		"edited banner": {
			map[string]string{"seen": "0", "banner": "", "banner_ends": "", "zone": "UTC"}, nil, storefront.ErrEdited,
			409, []string{"Banner: &lt;Here&gt;. becomes nothing",
				"End of the banner: 2031-12-24T18:00:00 becomes nothing"},
		},
		"away": {nil, nil, errors.New("The database does not answer."), 503, []string{"The database does not answer."}},
	} {
		d := &desk{err: tt.err}
		w := visit(t, newPages(t, d).SaveSettings, post(t, filled(tt.changes, tt.more...)...), "")
		if w.Code != tt.status || tt.err == nil && len(d.edits) > 0 {
			t.Errorf("%s: status %d, want %d, and %d edits", name, w.Code, tt.status, len(d.edits))
		}
		for _, words := range tt.says {
			if !strings.Contains(w.Body.String(), words) {
				t.Errorf("%s: no %q in\n%s", name, words, w.Body)
			}
		}
	}
}

func TestSavePage(t *testing.T) {
	t.Parallel()
	changed := storefront.Saved{Changed: []string{"markdown"}}
	for name, tt := range map[string]struct {
		slug   string
		fields []string
		err    error
		status int
		want   storefront.PageEdit
		says   []string
	}{
		"written": {
			"imprint", []string{"seen", "0", "title", " Imprint ", "markdown", "a\r\nb\r\n"}, nil, 303,
			storefront.PageEdit{Page: storefront.Page{Slug: "imprint", Title: "Imprint", Body: "a\nb"},
				Seen: new(storefront.Revision(0))}, nil,
		},
		"removed": {
			"help", []string{"seen", "1", "title", "Help", "markdown", "x", "remove", "yes"}, nil, 303,
			storefront.PageEdit{Page: storefront.Page{Slug: "help", Title: "Help", Body: "x"}, Remove: true,
				Seen: new(storefront.Revision(1))}, nil,
		},
		"no revision": {
			"help", []string{"title", "Help", "markdown", "x"}, storefront.ErrEdited, 409,
			storefront.PageEdit{Page: storefront.Page{Slug: "help", Title: "Help", Body: "x"},
				Seen: new(storefront.Revision(-1))},
			[]string{"somebody else has changed it", "Ask &lt;/textarea&gt;&lt;script&gt;.</pre>",
				`name="seen" value="1"`, `rows="18" aria-describedby="edit-markdown-hint">x</textarea>`},
		},
		"removed by another": {
			"returns", []string{"seen", "5", "title", "R", "markdown", "x"}, storefront.ErrEdited, 409,
			storefront.PageEdit{Page: storefront.Page{Slug: "returns", Title: "R", Body: "x"},
				Seen: new(storefront.Revision(5))},
			[]string{"The page was removed. Saving brings it back as you wrote it."},
		},
		"problems": {
			"help", []string{"seen", "1", "title", "", "markdown",
				"x"}, storefront.Problems{{Field: "title", Text: "is missing"}}, 422,
			storefront.PageEdit{Page: storefront.Page{Slug: "help", Body: "x"}, Seen: new(storefront.Revision(1))},
			[]string{`<a href="#edit-title">Title</a>: is missing`},
		},
	} {
		d := &desk{err: tt.err, result: changed}
		w := visit(t, newPages(t, d).SavePage, post(t, tt.fields...), tt.slug)
		if diff := cmp.Diff([]storefront.PageEdit{tt.want}, d.pages); w.Code != tt.status || diff != "" {
			t.Errorf("%s: status %d, want %d; saved (-want +got):\n%s", name, w.Code, tt.status, diff)
		}
		for _, words := range tt.says {
			if !strings.Contains(w.Body.String(), words) {
				t.Errorf("%s: no %q in\n%s", name, words, w.Body)
			}
		}
	}
}

// TestBadForms holds that a body which no form of ours sends, and an address of no page, harm
// nothing.
func TestBadForms(t *testing.T) {
	t.Parallel()
	d := &desk{}
	p := newPages(t, d)
	ask := func(page echo.HandlerFunc, r *http.Request, slug string) error {
		c := echo.New().NewContext(r, httptest.NewRecorder())
		c.SetParamNames("slug")
		c.SetParamValues(slug)
		return page(c)
	}
	many := make([]string, 0, 2*(maxParts+1))
	for range maxParts + 1 {
		many = append(many, "name", "x")
	}
	cut := post(t, filled(nil)...)
	cut.Body = http.NoBody
	for name, r := range map[string]*http.Request{
		"no form":     httptest.NewRequest(http.MethodPost, "/", strings.NewReader("name=x")),
		"cut off":     cut,
		"many fields": post(t, many...),
	} {
		if err := ask(p.SaveSettings, r, ""); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, slug := range []string{"jobs", "", "../help", strings.Repeat("a", 1<<16)} {
		if err := ask(p.Page, get(""), slug); !errors.Is(err, ErrNoPage) {
			t.Errorf("%.20q: %v", slug, err)
		}
		if err := ask(p.SavePage, post(t, "title", "x"), slug); !errors.Is(err, ErrNoPage) {
			t.Errorf("%.20q saved: %v", slug, err)
		}
	}
	if len(d.edits)+len(d.pages) > 0 {
		t.Errorf("saved %v and %v", d.edits, d.pages)
	}
}
