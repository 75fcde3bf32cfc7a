package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
	"sneakers23/inventory/picture/picturetest"
)

// errorsOf collects what a page complains about, such as what its policy forbids.
func errorsOf(v *visitor) *[]string {
	var said []string
	v.OnConsole(func(m playwright.ConsoleMessage) {
		if m.Type() == "error" {
			said = append(said, m.Text())
		}
	})
	return &said
}

// TestStorefront sets the shop at one node, and looks at it at the other, which is never restarted.
func TestStorefront(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	s, other := nodes[0], nodes[1]
	v := newVisitor(t, other.URL+"/")
	said := errorsOf(v)
	v.says(".wordmark", "Sneakers23")
	const accent = `() => getComputedStyle(document.documentElement).getPropertyValue("--color-accent").trim()`
	usual := evaluate[string](v, accent)

	out := s.run("shop", "set", "--name", "Volt & Söhne", "--zone", "Europe/Berlin", "--accent", "#0b6b3a", "--url",
		"https://volt.example/", "--shipping", "Ships <b>fast</b>.", "--returns", "30 days.")
	if !strings.Contains(out, "Volt & Söhne") || !strings.Contains(out, "https://volt.example") {
		t.Errorf("shop set says %s", out)
	}
	v.visit(other.URL + "/")
	v.says(".wordmark", "Volt & Söhne")
	if got := evaluate[string](v, accent); got != "#0b6b3a" || got == usual {
		t.Errorf("the accent is %s, and was %s", got, usual)
	}
	if title := evaluate[string](v, `() => document.title`); title != "Volt & Söhne" {
		t.Errorf("the title is %q", title)
	}
	if err := v.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: playwright.ColorSchemeDark}); err != nil {
		t.Fatal(err)
	}
	if got := evaluate[string](v, accent); got == "#0b6b3a" || !strings.HasPrefix(got, "#") {
		t.Errorf("on a dark page, the accent is %s", got)
	}

	dir := t.TempDir()
	help := writePhoto(t, dir, "help.md",
		[]byte("# Help\n\nAsk **us**. <script>alert(1)</script> [x](javascript:alert(2))\n"))
	returns := writePhoto(t, dir, "Returns.MD", []byte("# Returns\n\nFree, for 30 days.\n"))
	s.run("pages", "import", help, returns)
	v.visit(other.URL + "/products/SHU6000")
	v.says(".service", "Ships <b>fast</b>. ")
	v.click(`.service a[href="/returns"]`)
	v.says("h1", "Returns")
	v.click(`.site-links a[href="/help"]`)
	v.says(".prose", "Ask us. <script>alert(1)</script> x")
	if n := v.count(".prose script, .prose a"); n > 0 {
		t.Errorf("the page has %d scripts and links", n)
	}
	if status, page := other.get("/imprint"); status != http.StatusNotFound ||
		!strings.Contains(page, "Not on our shelves") {
		t.Errorf("a page that there is not has status %d", status)
	}
	if len(*said) > 0 {
		t.Errorf("the browser complains: %q", *said)
	}
	_, page := other.get("/products/SHU6000")
	for _, want := range []string{`property="og:url" content="https://volt.example/products/SHU6000"`,
		`"availability":"https://schema.org/`} {
		if !strings.Contains(page, want) {
			t.Errorf("the product's page has no %s", want)
		}
	}

	logo := writePhoto(t, dir, "logo.png", picturetest.PNG(picturetest.Quarters(300, 120)))
	s.run("shop", "logo", logo)
	v.visit(other.URL + "/")
	v.wait(`.wordmark__logo[alt="Volt & Söhne"]`)
	waittest.Until(t, "the other node shows the logo", func() bool {
		return evaluate[int](v, naturalWidth, ".wordmark__logo") > 0
	})
	s.run("shop", "logo", "--remove")
	if out := s.run("pages", "remove", "help"); !strings.Contains(out, "Ask **us**.") {
		t.Errorf("what was removed is lost: %s", out)
	}
	if status, _ := other.get("/help"); status != http.StatusNotFound {
		t.Errorf("a page that was removed has status %d", status)
	}

	// an admin sets it at the dashboard of a node, without a script, after a mistake
	m := newAdmin(t, sharedPassword, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	m.visit(s.URL + "/admin")
	m.click(".admin-nav >> text=Shop")
	m.fill("#edit-name", "Bolt")
	m.fill("#edit-accent", "#ffee00")
	m.click("[data-save]")
	m.says("[role=alert]", "Accent: #ffee00 is hard to read")
	m.fill("#edit-accent", "#5b21b6")
	s.run("shop", "set", "--returns", "60 days.") // meanwhile
	m.click("[data-save]")
	m.says("[role=alert]", "somebody else has changed it meanwhile")
	m.says("[role=alert]", "Returns: 60 days. becomes 30 days.")
	m.fill("#edit-returns", "60 days.")
	m.click("[data-save]")
	m.says("[role=status]", "Saved. All nodes show it.")
	m.click("text=Write /imprint")
	m.fill("#edit-title", "Imprint")
	m.fill("#edit-markdown", "Us, *here*.")
	m.click("[data-save]")
	m.says("[role=status]", "Saved. All nodes show it.")
	v.visit(other.URL + "/imprint")
	v.says(".prose", "Us, here.")
	v.says(".wordmark", "Bolt")

	// the journal is the same everywhere, and names who did it
	a := newAdmin(t, sharedPassword, playwright.BrowserNewContextOptions{})
	a.opensDashboard(other.URL)
	a.says(".log", "The page /returns is new, by ")
	a.says(".log", "The settings of the shop Bolt are changed")
}

// TestStorefrontCommands gives the commands what they must refuse, and lets a second operator come
// too late.
func TestStorefrontCommands(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	dir := t.TempDir()
	file := func(name, text string) string { return writePhoto(t, dir, name, []byte(text)) }
	big := file("imprint.md", "# Imprint\n\n"+strings.Repeat("word ", 8001))
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"shop", "set"}, 2, "say what to set"},
		{[]string{"shop", "set", "--name", ""}, 1, "--name is missing"},
		{[]string{"shop", "set", "--name", "Volt\x1b[2J"}, 1, "--name has the invisible character U+001B"},
		{[]string{"shop", "set", "--name", "Volt\u202etlov"}, 1, "--name has the invisible character U+202E"},
		{[]string{"shop", "set", "--name", strings.Repeat("x", 100_000)}, 1,
			"--name is 100000 characters long, of at most 40"},
		{[]string{"shop", "set", "--zone", "Mars/Base"}, 1, "write one like Europe/Berlin"},
		{[]string{"shop", "set", "--accent", "#ffee00"}, 1, "--accent #ffee00 is hard to read on light pages"},
		{[]string{"shop", "set", "--accent", "reddish"}, 1, "--accent is no color"},
		{[]string{"shop", "set", "--accent-dark", "#ffee00"}, 1, "--accent is missing"},
		{[]string{"shop", "set", "--url", "javascript:alert(1)"}, 1, "--url must be the address"},
		{[]string{"shop", "set", "--name", "Volt", "--seen", "7"}, 1, "somebody else has changed it meanwhile"},
		{[]string{"shop", "logo"}, 2, "give either a FILE or --remove"},
		{[]string{"shop", "logo", file("logo.png", "<svg/>")}, 1, "logo.png"},
		{[]string{"shop", "logo", filepath.Join(dir, "gone.png")}, 1, "gone.png"},
		{[]string{"pages", "import", file("jobs.md", "# Jobs\n\nNone.")}, 2, "no page is named so"},
		{[]string{"pages", "import", file("help.md", "Ask us.")}, 1, "the first line must be the title"},
		{[]string{"pages", "import", file("privacy.md", "# Privacy\n")}, 1, "there is no text below the title"},
		{[]string{"pages", "import", file("shipping.md", "# Ship\n\na\x00b")}, 1,
			"the invisible character U+0000 in line 1"},
		{[]string{"pages", "import", file("returns.md", "\xff\xfe#\x00")}, 1, "is no text in UTF-8"},
		{[]string{"pages", "import", big}, 1, "of at most 40000"},
		{[]string{"pages", "import", file("RETURNS.md", "# R\n\n"+strings.Repeat("> ", 500)+"x")}, 1, "nested deeper"},
		{[]string{"pages", "show", "jobs"}, 2, "it must be help, shipping, returns, privacy or imprint"},
		{[]string{"pages", "show", "help"}, 1, "the shop has no such page"},
		{[]string{"pages", "remove", "help"}, 1, "the shop has no such page"},
		{[]string{"pages", "list"}, 0, "There are no pages yet"},
		{[]string{"shop", "show"}, 0, "Sneakers23"},
	} {
		out, errOut, code := s.try(tt.args...)
		if code != tt.code || !strings.Contains(out+errOut, tt.says) || len(out+errOut) > 2000 {
			t.Errorf("%.60q: exit code %d, want %d, with %q in:\n%.2000s", tt.args, code, tt.code, tt.says, out+errOut)
		}
	}

	var shop struct {
		Name    string `json:"name"`
		Version int64  `json:"version"`
	}
	read := func() {
		t.Helper()
		if err := json.Unmarshal([]byte(s.run("shop", "show", "--json")), &shop); err != nil {
			t.Fatal(err)
		}
	}
	if read(); shop.Name != "Sneakers23" || shop.Version != 0 {
		t.Errorf("a new shop is %+v", shop)
	}
	s.run("shop", "set", "--name", "Volt", "--seen", "0")
	if _, errOut, code := s.try("shop", "set", "--name", "Bolt", "--seen", "0"); code != 1 ||
		!strings.Contains(errOut, "nothing was saved") {
		t.Errorf("the second operator: %d, %s", code, errOut)
	}
	if read(); shop.Name != "Volt" || shop.Version == 0 {
		t.Errorf("after two operators, the shop is %+v", shop)
	}

	// what is shown can be imported again, and changes nothing
	text := "# Help\n\nAsk **us**.\n\n- one\n- two\n"
	s.run("pages", "import", file("help.md", text), "--seen", "0")
	shown := s.run("pages", "show", "help")
	if strings.TrimSpace(shown) != strings.TrimSpace(text) {
		t.Errorf("shown: %q", shown)
	}
	if out := s.run("pages", "import", file("copy.txt", shown), "--as", "help"); !strings.Contains(out,
		"nothing to change") {
		t.Errorf("imported again: %s", out)
	}
	backup := filepath.Join(dir, "shop.backup")
	s.run("backup", backup)
	s.run("shop", "set", "--name", "Other")
	s.run("pages", "remove", "help")
	s.run("restore", backup, "--yes")
	waittest.Until(t, "the node shows what was restored", func() bool {
		status, page := s.get("/help")
		return status == http.StatusOK && strings.Contains(page, "Help · Volt<")
	})
}

// TestWeight reads the first page as a browser does that knows nothing: its scripts and styles are
// at most 60 KB compressed.
func TestWeight(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.run("shop", "set", "--accent", "#0b6b3a")
	total := compressed(t, s.URL+"/")
	_, page := s.get("/")
	files := regexp.MustCompile(`(?:src|href)="(/[^"]+\.(?:js|css))"`).FindAllStringSubmatch(page, -1)
	if len(files) != 3 {
		t.Errorf("the page names the files %q", files)
	}
	for _, file := range files {
		total += compressed(t, s.URL+file[1])
	}
	t.Logf("the first page with its scripts and styles: %d bytes", total)
	if total > 60_000 {
		t.Errorf("the first page with its scripts and styles has %d bytes compressed", total)
	}
}

// compressed returns how many bytes a browser is sent.
func compressed(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip") // then the client leaves it as it is
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d, %v", url, res.StatusCode, err)
	}
	return len(body)
}

// shiftScript notes whatever moves on a page, and what it was.
const shiftScript = `
window.shifts = []
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) {
    window.shifts.push(shift.value.toPrecision(2) + " " + shift.sources.map(({ node }) => node &&
	(node.className || node.parentElement?.className + " " + node.textContent)).join(", "))
  }
}).observe({ type: "layout-shift", buffered: true })`

// TestNothingMoves changes all that may change on an open page: prices, levels, schedules, a size
// more and a release. Nothing moves, on a desktop or on a phone.
func TestNothingMoves(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.run("release", "SHU6000")
	s.run("release", "SHU6100", "--at", "5h")
	size := playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: 1280, Height: 900}}
	phone := playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: 390, Height: 1600}}
	visitors := []*visitor{newContext(t, size), newContext(t, phone)}
	for _, v := range visitors {
		if err := v.AddInitScript(playwright.Script{Content: playwright.String(shiftScript)}); err != nil {
			t.Fatal(err)
		}
		v.visit(s.URL + "/")
		v.live()
		v.wait(".drop .countdown__moment:not(:empty)")
	}
	all := func(selector string) {
		t.Helper()
		for _, v := range visitors {
			v.wait(selector)
		}
	}
	stock := s.stock()
	skus := make([]string, 0, len(stock))
	for sku := range stock {
		if strings.HasPrefix(sku, "SHU60") {
			skus = append(skus, sku)
		}
	}
	slices.Sort(skus)
	s.run("products", "edit", "SHU6000", "--price", "1299.50")
	all(`[data-product-id="1"] >> text=$1,299.50`)
	s.run("products", "edit", "SHU6100", "--price", "99")
	all(`.toast__card:has-text("$1,299.50")`)
	all(`.toast__card:has-text("$99")`) // beside the first message, which stays for some seconds
	for _, sku := range skus {
		s.run("restock", sku, "900", "--yes")
	}
	all(`[data-product-id="1"]:not(:has(.size-container__entry:not(.size-container__entry--level-high)))`)
	for _, sku := range skus {
		s.run("stock", "correct", sku, "--by", "-"+strconv.Itoa(s.stock()[sku].Available), "--why", "gone")
	}
	all(`[data-product-id="1"]:not(:has(.size-container__entry:not(.size-container__entry--level-out)))`)
	s.run("products", "edit", "SHU6000", "--size", "sku=SHU6099,us=19,stock=5")
	all(`[data-product-id="1"] .size-container__entry:text-is("19")`)
	s.run("release", "SHU6100", "--at", "29h")
	all(`.drop .countdown:has-text("1d ")`)
	s.run("release", "SHU6100")
	all(`.drop .size-container`)
	all(`.drop__title:has-text("On now")`)
	for i, v := range visitors {
		if shifts := evaluate[[]any](v, `() => window.shifts`); len(shifts) > 0 {
			t.Errorf("visitor %d saw things move: %v", i, shifts)
		}
		if dir := os.Getenv("SHOTS"); dir != "" {
			_, _ = v.Screenshot(playwright.PageScreenshotOptions{Path: playwright.String(filepath.Join(dir,
				strconv.Itoa(i)+".png"))})
		}
	}
}

// placesAbove lists where everything is that a page shows above a new row of sizes, those sizes
// included. The new ones are US 20 and more.
const placesAbove = `() => {
	const form = document.querySelector('[data-product-id="1"] form.size-container')
	const above = [...document.querySelectorAll("header, main :is(h1, h2, h3, p, a, img, button)")]
		.filter((e) => e.getClientRects().length > 0)
		.filter((e) => form.contains(e) || form.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING)
		.filter((e) => !form.contains(e) || Number(e.textContent) < 20)
	return above.map((e) => {
		const { x, y, width, height } = e.getBoundingClientRect()
		return [e.className || e.tagName, e.textContent.trim(), x, y, width, height].join(" ")
	}).join("\n")
}`

// TestNewRowOfSizes adds more sizes than the last row of a product has room for. The card must grow
// then, and moves what is below it; everything else stays where it is.
func TestNewRowOfSizes(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.run("release", "SHU6000")
	const form = `[data-product-id="1"] form.size-container`
	viewports := []playwright.Size{{Width: 1280, Height: 900}, {Width: 390, Height: 844}}
	visitors, heights, places := make([]*visitor, 2), make([]int, 2), make([]string, 2)
	height := func(v *visitor) int {
		return evaluate[int](v, `selector => document.querySelector(selector).offsetHeight`, form)
	}
	for i, viewport := range viewports {
		v := newContext(t, playwright.BrowserNewContextOptions{Viewport: &viewport})
		v.visit(s.URL + "/")
		v.live()
		visitors[i], heights[i], places[i] = v, height(v), evaluate[string](v, placesAbove)
	}
	more := []string{"products", "edit", "SHU6000"}
	for us := 20; us < 30; us++ {
		more = append(more, "--size", fmt.Sprintf("sku=SHU60%d,us=%d,stock=5", us, us))
	}
	s.run(more...)
	for i, v := range visitors {
		v.wait(form + ` .size-container__entry:text-is("29")`)
		if after := height(v); after <= heights[i] {
			t.Errorf("visitor %d: sizes are %d pixels high with ten more, and %d before", i, after, heights[i])
		}
		if diff := cmp.Diff(places[i], evaluate[string](v, placesAbove)); diff != "" {
			t.Errorf("visitor %d: ten more sizes have moved what was above them (-before +after):\n%s", i, diff)
		}
	}
}
