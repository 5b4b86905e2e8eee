"""What happened elsewhere: received, proven, stored once, and kept until everybody concerned has read it."""
