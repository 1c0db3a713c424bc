# The right to release, and nothing else: each call of the driver, on this function
# (docs/policies/lambda.json). Whoever drives a rollout assumes it: here, an agent, or
# a colleague with "sluice abort".
data "aws_caller_identity" "here" {}

resource "aws_iam_role" "releases" {
  name = "${var.name}-releases"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = data.aws_caller_identity.here.account_id } # Better: the roles of CI and of who is on call.
    }]
  })
}

resource "aws_iam_role_policy" "releases" {
  name = "sluice"
  role = aws_iam_role.releases.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Function"
        Effect = "Allow"
        Action = [
          "lambda:DeleteProvisionedConcurrencyConfig",
          "lambda:GetAlias",
          "lambda:GetFunction",
          "lambda:GetFunctionConfiguration",
          "lambda:GetProvisionedConcurrencyConfig",
          "lambda:ListProvisionedConcurrencyConfigs",
          "lambda:ListVersionsByFunction",
          "lambda:PublishVersion",
          "lambda:PutProvisionedConcurrencyConfig",
          "lambda:UpdateAlias",
          "lambda:UpdateFunctionCode",
        ]
        Resource = [aws_lambda_function.checkout.arn, "${aws_lambda_function.checkout.arn}:*"]
      },
      {
        Sid      = "EventSources"
        Effect   = "Allow"
        Action   = ["lambda:ListEventSourceMappings"]
        Resource = ["*"]
      },
      {
        Sid      = "Packages"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["${aws_s3_bucket.builds.arn}/checkout/*"]
      },
    ]
  })
}
