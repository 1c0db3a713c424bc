data "sluice_releases" "all" {}

output "serving" {
  value = { for r in data.sluice_releases.all.releases : r.release => r.version }
}
