package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The times of the demo's rollouts: minutes are usual, but nobody wants to wait
// for them here. The judge sees as many requests in a second as a small shop in
// a minute.
var times = []string{"TF_VAR_at_least=3s", "TF_VAR_bake=4s", "TF_VAR_interval=1s"}

// prepare starts the lab and Terraform.
func (s *stage) prepare() {
	s.out.title("Sluice: releases as Terraform resources, shown on this machine")
	s.out.say("A small service, checkout, runs in a lab: real processes behind a router that splits live traffic by weight. " +
		"Terraform releases it. Everything below is what the programs really print; only digests are cut to twelve digits. " +
		"Each line with \"ok\" was checked, and the demo fails if one is not so. It asks nothing and cleans up after itself.")
	s.config = filepath.Join(s.work, "quickstart")
	if err := copyExample(s.config, s.programs.quickstart); err != nil {
		s.fail("the example is copied to a folder of the demo's own", err.Error(), "")
		return
	}
	cliConfig, err := s.mirror()
	if err != nil {
		s.fail("Terraform is told where the provider is", err.Error(), "")
		return
	}
	s.env = environment(os.Environ(), "TF_CLI_CONFIG_FILE="+cliConfig, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"SLUICE_LEDGER="+s.ledgerURL(), "SLUICE_ACTOR=you@demo")
	s.env = append(s.env, times...)
	s.startLab()
	if s.stopped() {
		return
	}
	s.env = append(s.env, "TF_VAR_lab_url="+s.lab.Contract)

	r := s.run(s.programs.terraform, "version")
	name, _, _ := strings.Cut(r.text, "\n")
	if r := s.quietly("init", "-input=false"); r.code != 0 {
		s.fail("terraform init finds the provider", fmt.Sprintf("exit code %d", r.code), r.text)
		return
	}
	s.say(fmt.Sprintf("The programs: %s; the lab at %s, with %d requests a second. The configuration is examples/quickstart.", name, s.lab.Contract, rate))
}

// ledgerURL names the demo's ledger, a file in the folder of the configuration.
func (s *stage) ledgerURL() string { return "sqlite:" + filepath.ToSlash(s.ledgerPath()) }

func (s *stage) ledgerPath() string { return filepath.Join(s.config, ".sluice", "ledger.db") }

// copyExample copies what an example consists of, and nothing that somebody left
// there by trying it.
func copyExample(to, from string) error {
	for _, pattern := range []string{"*.tf", "artifacts/*.json"} {
		files, err := filepath.Glob(filepath.Join(from, filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return fmt.Errorf("the example has no %s", pattern)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			place := filepath.Join(to, filepath.FromSlash(filepath.Dir(pattern)), filepath.Base(file))
			if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(place, content, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
