// Package message is the catalogue: the words of codes, in the six official languages of the United Nations.
//
// Everything else carries codes and parameters: decisions, checks, problems, titles. Here they become words, so that a
// title composed from codes reads the same case in every language without grammar (labels with separators), and a
// problem can be reworded without touching code. Plurals follow CLDR through go-i18n: Arabic has six forms, Russian four.
package message
