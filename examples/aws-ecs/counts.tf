# What the release reads of CloudWatch, where it is judged. IAM ties it to nothing narrower.
resource "aws_iam_role_policy" "counts" {
  name = "counts"
  role = aws_iam_role.releases.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["cloudwatch:GetMetricData"], Resource = ["*"] }]
  })
}
