// Package demo fills an empty database with a complete small world, so that everybody who may install the system can see
// it at work before they decide: invented organizations that say so, people of every role, rights, published cases from
// history with settled, cited facts, and invented cases in every other state of the workflow.
//
// Each case is a file that holds a body, who may see it and the steps it goes through; the steps are taken through
// workflow by the people who may take them. Nothing is written past the rules: what the demonstration can do, so can
// a real organization.
package demo
