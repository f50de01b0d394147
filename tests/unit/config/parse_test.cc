#include "config/parse.h"
#include <gtest/gtest.h>
TEST(X,Y){ }
