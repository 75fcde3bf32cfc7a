package markdown

import (
	"flag"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"paragraphs": {"One **bold**,\n*soft*.\n\nTwo.",
			"<p>One <strong>bold</strong>,\n<em>soft</em>.</p>\n<p>Two.</p>\n"},
		"headings": {"# A\n\n## B\n\n### C\n\n###### D\n\nE\n-",
			"<h2>A</h2>\n<h2>B</h2>\n<h3>C</h3>\n<h4>D</h4>\n<h2>E</h2>\n"},
		"list": {"- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"},
		"table": {"|A|B|\n|-|-|\n|1|2|",
			"<table>\n<thead>\n<tr>\n<th>A</th>\n<th>B</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"},
		"HTML": {"<script>alert(1)</script>\n\na <b onclick=x>b</b>",
			"<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>\n"},
		"comment": {"<!-- a -->", "<p>&lt;!-- a --&gt;</p>\n"},
		"link": {"[a](https://a.example \"t\")",
			"<p><a href=\"https://a.example\" title=\"t\">a</a></p>\n"},
		"own page": {"[a](/shipping) [b](returns) [c](#x)",
			"<p><a href=\"/shipping\">a</a> <a href=\"returns\">b</a> <a href=\"#x\">c</a></p>\n"},
		"mail": {"<help@a.example> [m](mailto:a@b.example)",
			"<p><a href=\"mailto:help@a.example\">help@a.example</a> <a href=\"mailto:a@b.example\">m</a></p>\n"},
		"script":     {"[*a*](javascript:alert(1))", "<p><em>a</em></p>\n"},
		"SCRIPT":     {"[a](JaVaScRiPt:alert(1)) [b](&#106;avascript:alert(1))", "<p>a b</p>\n"},
		"data":       {"[a](data:text/html,x) [b](vbscript:x) [c](file:///etc)", "<p>a b c</p>\n"},
		"other host": {"[a](//evil.example) [b](\\\\evil.example) [c](/\\evil.example)", "<p>a b c</p>\n"},
		"auto": {"<javascript:alert(1)> <https://a.example>",
			"<p>javascript:alert(1) <a href=\"https://a.example\">https://a.example</a></p>\n"},
		"picture":   {"![a *b*](https://a.example/x.png)", "<p>a <em>b</em></p>\n"},
		"linked":    {"[![a](x.png)](javascript:1)", "<p>a</p>\n"},
		"reference": {"[a][1]\n\n[1]: javascript:alert(1)", "<p>a</p>\n"},
		"attribute": {"[a](/x\"onmouseover=\"y)", "<p><a href=\"/x%22onmouseover=%22y\">a</a></p>\n"},
		"code": {"`<b>`\n\n    <i>",
			"<p><code>&lt;b&gt;</code></p>\n<pre><code>&lt;i&gt;\n</code></pre>\n"},
		"rule is not deep": {strings.Repeat("-", 300), "<hr>\n"},
	} {
		got, err := HTML(tt.text)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, tt.want)
		}
	}
}

var full = flag.Bool("full", false, "run at full size what proves something by mass")

// TestEndlessNesting bounds what it costs to show text that means harm. Some of it takes the parser
// the square of its length.
func TestEndlessNesting(t *testing.T) {
	t.Parallel()
	most := 10_000
	if *full {
		most = 40_000
	}
	for name, text := range map[string]string{
		"brackets":  strings.Repeat("[", most),
		"images":    strings.Repeat("![", most/2),
		"stars":     strings.Repeat("*a_ ", most/4),
		"emphasis":  strings.Repeat("*a **a ", most/7),
		"quotes":    strings.Repeat("> ", most/2) + "a",
		"lists":     strings.Repeat("- ", most/2) + "a",
		"stairs":    stairs(most),
		"ticks":     strings.Repeat("`a``b", most/5),
		"links":     strings.Repeat("[a](", most/4),
		"angles":    strings.Repeat("<a", most/2),
		"wide":      strings.Repeat("|a", 500) + "\n" + strings.Repeat("|-", 500) + strings.Repeat("\n|", 15_000),
		"high":      strings.Repeat("|a", 20) + "\n" + strings.Repeat("|-", 20) + strings.Repeat("\n|", 15_000),
		"reference": strings.Repeat("[a]: b\n", most/7),
	} {
		start := time.Now()
		html, err := HTML(text)
		t.Logf("%s: %d bytes, %v, in %v", name, len(html), err, time.Since(start))
		refused := map[string]string{"quotes": "nested", "lists": "nested", "wide": "columns", "high": "MiB"}[name]
		if len(html) > 100*most || (err != nil) != (refused != "") ||
			refused != "" && !strings.Contains(err.Error(), refused) {
			t.Errorf("%s: %d bytes, %v; want an error about %q", name, len(html), err, refused)
		}
	}
}

// stairs are lists in lists, each on a line of its own.
func stairs(most int) string {
	var b strings.Builder
	for i := 0; b.Len() < most; i++ {
		b.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	return b.String()
}

// FuzzHTML holds that only tags which this package means come out.
func FuzzHTML(f *testing.F) {
	for _, text := range []string{
		"# A\n\n[a](javascript:x) <b>", "![a](b \"c\")", "| a |\n|:-:|\n| <b> |", "<javascript:a>",
		"[a]: <b> 'c'\n[a]", "```x\"y\na",
	} {
		f.Add(text)
	}
	tag := regexp.MustCompile(`<[^>]*>`)
	known := regexp.MustCompile(`^</?(p|h[2-6]|em|strong|code|pre|ul|ol( start="\d+")?|li|blockquote|hr|br|table|thead|tbody|tr|t[hd]( (align|style)="[a-z:-]+")?|` +
		`table tabindex="0"|a|a href="(https?://|mailto:|[^":]*|[^":]*[/?#][^"]*)[^"]*"( title="[^"]*")?|code class="language-[^"]*")>$`)
	f.Fuzz(func(t *testing.T, text string) {
		html, err := HTML(text)
		if err != nil {
			return
		}
		for _, found := range tag.FindAllString(string(html), -1) {
			if !known.MatchString(strings.ToLower(found)) ||
				strings.Contains(strings.ToLower(found), `href="javascript:`) {
				t.Errorf("%q became the tag %q", text, found)
			}
		}
	})
}
