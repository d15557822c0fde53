package design

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"path"
)

//go:embed dist
var dist embed.FS //nolint:gochecknoglobals // embedded data can only be a package variable

// AssetPrefix is the path below which the pages look for their assets.
const AssetPrefix = "/assets/"

// Asset is one file to be served below AssetPrefix. Its name holds a hash of its content: it may be cached for ever.
type Asset struct {
	ContentType      string
	Body, Compressed []byte // Compressed is gzip
}

// Asset gives the file of a name, without the prefix.
func (d *Design) Asset(name string) (Asset, bool) {
	asset, ok := d.assets[name]
	return asset, ok
}

func readAssets() (map[string]Asset, error) {
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	assets := map[string]Asset{}
	for _, name := range []string{styleFile, scriptFile, iconFile} {
		body, err := dist.ReadFile("dist/" + name)
		if err != nil {
			return nil, err
		}
		packed, err := compress(body)
		if err != nil {
			return nil, err
		}
		assets[name] = Asset{ContentType: types[path.Ext(name)], Body: body, Compressed: packed}
	}
	return assets, nil
}

func compress(body []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// assetPath is where a page finds an asset: the style sheet, the script or the icon.
func assetPath(what string) (string, error) {
	files := map[string]string{"style": styleFile, "script": scriptFile, "icon": iconFile}
	name, ok := files[what]
	if !ok {
		return "", fmt.Errorf("no asset %q", what)
	}
	return AssetPrefix + name, nil
}
