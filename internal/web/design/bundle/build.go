package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"bioincident/internal/web/design/tokens"
)

// file is one file to be served.
type file struct {
	role string // the Go constant that holds its name
	name string
	body []byte
}

// build bundles the sources in a directory.
func build(assets string) ([]file, error) {
	modules, err := fetch(filepath.Join(assets, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	style, err := bundle(filepath.Join(assets, "app.css"), modules)
	if err != nil {
		return nil, err
	}
	script, err := bundle(filepath.Join(assets, "app.ts"), modules)
	if err != nil {
		return nil, err
	}
	icon, err := os.ReadFile(filepath.Join(assets, "icon.svg"))
	if err != nil {
		return nil, err
	}
	return []file{named("iconFile", "icon", ".svg", icon), named("scriptFile", "app", ".js", script), named("styleFile", "app", ".css", style)}, nil
}

// named gives a file a name by its content. esbuild's own hash also covers where its inputs lie, which differs by machine.
func named(role, stem, suffix string, body []byte) file {
	sum := sha256.Sum256(body)
	return file{role: role, name: stem + "-" + hex.EncodeToString(sum[:5]) + suffix, body: body}
}

func bundle(entry string, modules []string) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, Charset: api.CharsetUTF8, Format: api.FormatIIFE,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: api.LegalCommentsInline,
		Engines: []api.Engine{
			{Name: api.EngineChrome, Version: "109"}, {Name: api.EngineFirefox, Version: "115"}, {Name: api.EngineSafari, Version: "16.4"},
		},
		NodePaths: modules, Plugins: []api.Plugin{colours()}, LogLevel: api.LogLevelSilent,
	})
	if len(result.Errors) > 0 || len(result.Warnings) > 0 {
		return nil, errors.New(strings.Join(api.FormatMessages(append(result.Errors, result.Warnings...), api.FormatMessagesOptions{}), ""))
	}
	if len(result.OutputFiles) != 1 {
		return nil, fmt.Errorf("%s became %d files, want one", entry, len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents, nil
}

// colours lets the style sheet import the table of colours as "colours".
func colours() api.Plugin {
	return api.Plugin{Name: "colours", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "^colours$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: "colours", Namespace: "colours"}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "colours"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			css := tokens.CSS()
			return api.OnLoadResult{Contents: &css, Loader: api.LoaderCSS}, nil
		})
	}}
}
