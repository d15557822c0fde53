package app

import (
	"path/filepath"

	"bioincident/internal/fault"
	"bioincident/internal/web"
)

// Settings say how a system runs. Every one is a flag of the command and a variable of the environment.
type Settings struct {
	// Data is the folder of the lock, the socket, the index and, when Database is empty, the embedded database.
	Data string
	// Database is the address of PostgreSQL (postgres://…); empty is the embedded database.
	Database string
	// DatabaseDirect reaches the same PostgreSQL without a pooler between, for migrations and notifications.
	DatabaseDirect string
	// Listen is the address of the API, 127.0.0.1:8080.
	Listen string
	// Prefix begins the ids of records: BID.
	Prefix string
	// TrustedProxies are the networks whose X-Forwarded-For is believed; none is the default.
	TrustedProxies []string
	// RequestsPerMinute limits each token and each address; 0 does not limit.
	RequestsPerMinute int
	// PasswordMemory is how many MiB signing in may take at once; one password takes 64.
	PasswordMemory int
	// Secure says that browsers reach the pages by https alone, here or at a proxy.
	Secure bool
	// Notice is said with every answer: the id of a message, such as that this is a demonstration.
	Notice string
	// Entrances are ways into a demonstration, offered to whoever is about to sign in; none is the default.
	Entrances []web.Entrance
}

// Defaults are the settings of a system nobody configured.
func Defaults() Settings {
	return Settings{Data: "data/bid", Listen: "127.0.0.1:8080", Prefix: "BID", RequestsPerMinute: 6000, PasswordMemory: 256}
}

// Check refuses settings that cannot work.
func (s Settings) Check() error {
	if s.Data == "" {
		return fault.New(fault.Invalid, "settings.data_missing")
	}
	return nil
}

func (s Settings) lock() string   { return filepath.Join(s.Data, "lock") }
func (s Settings) socket() string { return filepath.Join(s.Data, "bid.sock") }
