package httpapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The description of the API in OpenAPI 3.1. The page for people is rendered from it.
//
//go:embed openapi.json
var openAPIDocument []byte

//go:embed docs.html
var docsTemplate string

//go:embed docs.css
var docsStyle string

// page is GET /docs, rendered once.
type page struct {
	html   []byte
	policy string // allows no loading, and no style except the page's own
}

// openAPI is GET /openapi.json.
func (a *API) openAPI(x *exchange) error {
	write(x.w, http.StatusOK, "application/json", openAPIDocument)
	return nil
}

// docs is GET /docs.
func (a *API) docs(x *exchange) error {
	x.w.Header().Set("Content-Security-Policy", a.page.policy)
	x.w.Header().Set("Referrer-Policy", "no-referrer")
	write(x.w, http.StatusOK, "text/html; charset=utf-8", a.page.html)
	return nil
}

// The parts of the description that the page shows.
type (
	description struct {
		Info       struct{ Description string }
		Tags       []struct{ Name, Description string }
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]schema }
	}
	operation struct {
		Summary, Description string
		Tags                 []string
		RequestBody          struct{ Content map[string]media }
		Responses            map[string]struct{ Content map[string]media }
	}
	media struct {
		Schema  schema
		Example json.RawMessage
	}
	schema struct {
		Ref         string `json:"$ref"`
		Description string
		Required    []string
		Properties  map[string]schema
		AnyOf       []schema
		AllOf       []schema // the schemas that it extends
	}
)

// section, entry and key are the data of the template.
type (
	section struct {
		Title, Description string
		Entries            []entry
	}
	entry struct {
		Method, Path, Summary, Description string
		Keys                               []key
		Request, Reply                     string // examples
	}
	key struct {
		Name, Description string
		Required          bool
	}
)

// newPage panics if the embedded description cannot be rendered; the package's tests would notice.
func newPage() page {
	var d description
	if err := json.Unmarshal(openAPIDocument, &d); err != nil {
		panic(fmt.Sprintf("httpapi: reading openapi.json: %v", err))
	}
	var sections []section
	for _, tag := range d.Tags {
		sections = append(sections, section{tag.Name, tag.Description, d.entries(tag.Name)})
	}
	style := strings.TrimSpace(docsStyle)
	var buf bytes.Buffer
	err := template.Must(template.New("docs").Parse(docsTemplate)).Execute(&buf, map[string]any{
		"Description": d.Info.Description, "Sections": sections, "Style": template.CSS(style),
	})
	if err != nil {
		panic(fmt.Sprintf("httpapi: making the page of /docs: %v", err))
	}
	hash := sha256.Sum256([]byte(style))
	return page{buf.Bytes(), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
}

// entries returns the operations of a tag, by path.
func (d *description) entries(tag string) (list []entry) {
	for path, methods := range d.Paths {
		for method, op := range methods {
			if !slices.Contains(op.Tags, tag) {
				continue
			}
			request := op.RequestBody.Content["application/json"]
			list = append(list, entry{
				Method: strings.ToUpper(method), Path: path, Summary: op.Summary, Description: op.Description,
				Keys:    d.keys(request.Schema),
				Request: string(request.Example),
				Reply:   string(op.Responses["200"].Content["application/json"].Example),
			})
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// keys lists the keys of a request: required ones first, then those of the route, then the shared
// ones.
func (d *description) keys(s schema) (list []key) {
	if len(s.AnyOf) > 0 && s.Properties == nil {
		s = s.AnyOf[0] // the first alternative is the one of the route
	}
	if s.Ref != "" {
		s = d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		list = append(list, key{name, s.Properties[name].Description, slices.Contains(s.Required, name)})
	}
	for _, base := range s.AllOf {
		for _, k := range d.keys(base) {
			k.Required = slices.Contains(s.Required, k.Name)
			list = append(list, k)
		}
	}
	slices.SortStableFunc(list, func(a, b key) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

func rank(k key) int {
	if k.Required {
		return 0
	}
	return 1
}
